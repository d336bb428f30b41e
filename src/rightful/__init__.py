"""rightful: remove opted-out records from training data, label the rest, document it so that it can be recomputed.

Data flow:

     capture (network, once)                     screen (offline, columnar, any engine)
     hosts ─► snapshot ────────────────┐   batch ─► columns ─► observe ─► situations ─► decide ─► rights column
              (bytes, time, sha256)    ├─► observe                (distinct)     (policy)               │
     opt-outs ─► register ─► export ───┤                                                               ▼
     policy.toml (sources, scenario) ──┘                   data/*.parquet (admitted)   ledger/*.parquet (every record)
                                                                     │                            │
                              Great Expectations over DuckDB ◄───────┘        manifest.json ◄─────┘
                                          └──────► card: README.md card.json croissant.json ◄─────┘
                                                        └──► verify, explain

Public names load on first use, so that importing this package costs nothing:

    from rightful import Screener
    admitted = Screener("policy.toml", "signals/", "register.arrow").screen(table)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rightful.facts.decision import Admission, Decision, Tier
    from rightful.facts.situation import Situation
    from rightful.facts.statement import Preference
    from rightful.policy.policy import Policy
    from rightful.policy.policy_file import read_policy
    from rightful.register.export import Register
    from rightful.screening.columns import Columns
    from rightful.screening.screener import Screener
    from rightful.signals.robots_txt import RobotsTxt
    from rightful.snapshot.store import Snapshot

__version__ = "0.1.0"

_HOMES = {
    "Admission": "rightful.facts.decision",
    "Columns": "rightful.screening.columns",
    "Decision": "rightful.facts.decision",
    "Policy": "rightful.policy.policy",
    "Preference": "rightful.facts.statement",
    "Register": "rightful.register.export",
    "RobotsTxt": "rightful.signals.robots_txt",
    "Screener": "rightful.screening.screener",
    "Situation": "rightful.facts.situation",
    "Snapshot": "rightful.snapshot.store",
    "Tier": "rightful.facts.decision",
    "read_policy": "rightful.policy.policy_file",
}

__all__ = [
    "Admission",
    "Columns",
    "Decision",
    "Policy",
    "Preference",
    "Register",
    "RobotsTxt",
    "Screener",
    "Situation",
    "Snapshot",
    "Tier",
    "__version__",
    "read_policy",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
