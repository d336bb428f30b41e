"""A small web: sites that allow and one that denies, and records of them in several shards."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.register.entries import KeyKind, OptOut, OptOutState, canonical_key
from rightful.register.export import export_register
from rightful.register.fingerprint import text_digest
from rightful.runner.run import screen_files
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

NOW = "2026-11-02T08:00:00Z"
POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
NO_LOCATIONS = POLICY + '\n[ledger]\nlocations = "digest"\n'
SITES = ("a.example", "b.example", "c.example", "denies.example")
ROWS = 60
GROUP = 10
WORDS = ("harbour", "lantern", "清晨", "meadow", "ledger", "quarry", "Ünïcödé", "violet", "anchor", "码头", "copper")


def text_of(number):
    return " ".join(f"{WORDS[(number * 7 + n * n) % len(WORDS)]}{number}x{n}" for n in range(80))


def record(number):
    site = SITES[number % len(SITES)]
    return {
        "id": f"r{number}",
        "url": f"https://www.{site}/page/{number}",
        "account": f"writer{number % 7}",
        "text": text_of(number),
        "language": ("en", "zh", "de")[number % 3],
        "fetched_at": datetime(2026, 5, 1 + number % 20, tzinfo=UTC),
    }


@dataclass
class World:
    """Its records, signals and runs; `admitted` is what screening admits without any opt-out."""

    admitted = ROWS - ROWS // len(SITES)
    folder: Path

    @property
    def inputs(self):
        return self.folder / "records.parquet"

    def screen(self, name="run", *, register=None, policy=POLICY, **how):
        file = self.folder / f"{name}.toml"
        file.write_text(policy, encoding="utf-8")
        screen_files(
            file, self.inputs, snapshot=self.folder / "signals", register=register, out=self.folder / name, **how
        )
        return self.folder / name

    def register(self, *entries, name="register", **more):
        return export_register(entries, self.folder / name / "register.arrow", **more)


def write_world(folder, rows=None):
    records = pa.Table.from_pylist([record(n) for n in range(ROWS)] if rows is None else rows)
    pq.write_table(records, folder / "records.parquet", row_group_size=GROUP)
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    captures = []
    for site in SITES:
        rule = b"Disallow" if site == "denies.example" else b"Allow"
        body = b"User-agent: *\n" + rule + b": /\n"
        outcome, kind = classify(200, None, body)
        captures.append(Capture(f"https://www.{site}", moment, outcome, kind, status=200, body=body))
    add_captures(folder / "signals", captures)
    return World(folder)


def by_url(number, reference="R-URL", state=OptOutState.VERIFIED):
    return OptOut(KeyKind.URL, canonical_key(KeyKind.URL, record(number)["url"]), state, reference)


def by_site(site, reference="R-SITE", state=OptOutState.VERIFIED):
    return OptOut(KeyKind.SITE, site, state, reference)


def by_text(number, reference="R-TEXT", state=OptOutState.VERIFIED):
    return OptOut(KeyKind.CONTENT, text_digest(text_of(number)), state, reference)


def by_account(name, reference="R-ACCOUNT", state=OptOutState.VERIFIED):
    return OptOut(KeyKind.ACCOUNT, name, state, reference)
