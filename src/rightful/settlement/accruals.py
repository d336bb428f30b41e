"""What use accrues: one row for every source, tier, model, basis and set of conditions that is remunerated.

The rows follow from the situations of a run and from its policy, and from nothing else, so that anyone can count them
again. A rate comes from the policy or from nowhere: what has none is counted in units and stays `unpriced`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rightful.facts.decision import Admission, Tier

if TYPE_CHECKING:
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Rate

UNPRICED, PRICED, SETTLED = "unpriced", "priced", "settled"
ESCROW = "escrow"
REMUNERATED = frozenset({Tier.PAID_LICENSED, Tier.PAID_SCENARIO, Tier.POOL_SHARE, Tier.PERMISSION_AND_PAY})
# Of twelve digits before the point, six after it, times a count of 64 bits: nothing is ever rounded.
_EXACT = Context(prec=60, traps=[Inexact])
_UNIT = {"record": "records", "1000 characters": "characters", "1000 tokens": "tokens"}

ACCRUALS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("contract", pa.string()),
        ("tier", pa.string()),
        ("model", pa.string()),
        ("basis", pa.string()),
        ("conditions", pa.list_(pa.string())),
        ("escrow", pa.bool_()),
        ("records", pa.int64()),
        ("characters", pa.int64()),
        ("tokens", pa.int64()),
        ("rate", pa.string()),
        ("per", pa.string()),
        ("amount", pa.string()),
        ("currency", pa.string()),
        ("status", pa.string()),
    ]
)

_Key = tuple[str, str, str, str, tuple[str, ...]]


@dataclass
class _Counted:
    """Admitted records that accrue together; `measured` only where there was a text column."""

    records: int = 0
    characters: int = 0
    tokens: int = 0
    measured: bool = True


def accrual_table(situations: pa.Table, policy: Policy) -> pa.Table:
    """Derive what use accrues from the situations of a run.

    Args:
        situations: the table of a run (`ledger.situations.SITUATIONS`).
        policy: whose contracts and rates count.
    """
    counted: dict[_Key, _Counted] = {}
    for row in situations.to_pylist():
        if row["admission"] != Admission.ADMIT.word or row["tier"] not in REMUNERATED:
            continue
        key = (row["source"], row["tier"], row["remuneration"] or "", row["basis"] or "", tuple(row["conditions"]))
        into = counted.setdefault(key, _Counted())
        into.records += row["records"]
        into.characters += row["characters"] or 0
        into.tokens += row["tokens"] or 0
        into.measured = into.measured and row["characters"] is not None
    rows = [_row(key, counted[key], policy) for key in sorted(counted)]
    return pa.Table.from_pylist(rows, schema=ACCRUALS_SCHEMA)


def _row(key: _Key, counted: _Counted, policy: Policy) -> dict[str, Any]:
    source, tier, model, basis, conditions = key
    kind, _, named = basis.partition(":")
    of_contract = kind == "contract" and tier == Tier.PAID_LICENSED  # a pool's agreement is of the name of its source
    agreed = policy.contracts_by_name.get(named) if of_contract else None
    units = {
        "records": counted.records,
        "characters": counted.characters if counted.measured else None,
        "tokens": counted.tokens if counted.measured else None,
    }
    rate = rate_for(policy, source=source, tier=tier, model=model)
    amount = None if rate is None else amount_of(rate, units)
    # An offer of a site is admitted only where what it asks for was met; of a contract, its own words count.
    paid = kind == "licence" and tier == Tier.PAID_LICENSED
    if agreed is not None:
        paid = agreed.paid and not agreed.accruing
    return {
        "source": source,
        "contract": named if agreed is not None else "",
        "tier": tier,
        "model": model,
        "basis": basis,
        "conditions": list(conditions),
        "escrow": ESCROW in conditions,
        **units,
        "rate": rate and rate.amount,
        "per": rate and rate.per,
        "amount": amount,
        "currency": rate and rate.currency,
        "status": SETTLED if paid else UNPRICED if amount is None else PRICED,
    }


def rate_for(policy: Policy, *, source: str, tier: str, model: str) -> Rate | None:
    """Give the rate that names most of source, tier and model, and nothing else; None where none fits.

    A policy is refused in which two could fit alike.
    """
    wanted = {"source": source, "tier": tier, "model": model}
    fitting = [rate for rate in policy.rates if rate.named.items() <= wanted.items()]
    return max(fitting, key=lambda rate: len(rate.named), default=None)


def amount_of(rate: Rate, units: dict[str, int | None]) -> str | None:
    """Give what units come to, exactly; None where the unit that counts was not measured."""
    number = units[_UNIT[rate.per]]
    if number is None:
        return None
    price = _EXACT.multiply(Decimal(rate.amount), Decimal(number))
    return format(price if rate.per == "record" else price.scaleb(-3, context=_EXACT), "f")
