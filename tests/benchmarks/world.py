"""What the benchmarks run on: robots.txt files, URLs over them, and records of about a kilobyte.

Real robots.txt files are taken where the shared input lies beside the project; otherwise files are made up, with
about as many rules and wildcards as real ones have. The URLs are made up in both cases: hosts by Zipf's law, and
every seventh path from one of its host's own rules.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.benchmarks.told import TOLD, other_signals, robots_of, robots_with_more, told_of

from rightful.facts.site import parse_host
from rightful.policy.policy_file import policy_template
from rightful.register.entries import KeyKind, OptOut
from rightful.register.export import export_register
from rightful.signals.robots_txt import RobotsTxt
from rightful.snapshot.store import add_captures

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("river stone letter window garden winter summer bridge market engine paper silver " * 3).split()


@dataclass(frozen=True)
class World:
    """Paths of everything, the bodies by host, and where the bodies come from.

    `told` are the same records with what a crawl keeps of responses and pages, `signals` the same captures with those
    of every other protocol.
    """

    records: Path
    told: Path
    policy: Path
    snapshot: Path
    signals: Path
    register: Path
    bodies: dict[str, bytes]
    real: bool
    rows: int


def make_world(folder: Path, rows: int, hosts: int) -> World:
    """Write records, policy, snapshot and register for so many records over so many hosts."""
    draw = random.Random(7)
    bodies, real = _bodies(hosts, draw)
    urls = _urls(bodies, rows, draw)
    records, told = folder / "records.parquet", folder / "told.parquet"
    plain = pa.schema([("id", pa.string()), ("url", pa.string()), ("text", pa.string())])
    with pq.ParquetWriter(records, plain) as out, pq.ParquetWriter(told, pa.schema([*plain, *TOLD])) as more:
        for start in range(0, rows, 50_000):
            chunk = urls[start : start + 50_000]
            texts = [" ".join(draw.choices(WORDS, k=150)) for _ in range(200)]
            table = pa.table(
                {
                    "id": [f"r{start + i}" for i in range(len(chunk))],
                    "url": chunk,
                    "text": [f"{start + i} {texts[(start + i) % 200]}" for i in range(len(chunk))],
                }
            )
            out.write_table(table)
            for name, values in told_of(len(chunk), start, draw).items():
                table = table.append_column(TOLD.field(name), pa.array(values, TOLD.field(name).type))
            more.write_table(table)
    robots = [robots_of(host, body) for host, body in bodies.items()]
    add_captures(folder / "signals", robots)
    add_captures(folder / "every", [*robots_with_more(bodies), *other_signals(list(bodies))])
    optouts = [OptOut(KeyKind.SITE, host) for host in list(bodies)[100:110]]
    optouts += [OptOut(KeyKind.URL, url.removeprefix("https:")) for url in urls[:1000]]
    register = export_register(optouts, folder / "register.arrow")
    policy = folder / "policy.toml"
    policy.write_text(policy_template(), encoding="utf-8")
    return World(records, told, policy, folder / "signals", folder / "every", register.path, bodies, real, rows)


def _bodies(hosts: int, draw: random.Random) -> tuple[dict[str, bytes], bool]:
    file = ROOT.parent / "shared/data/robots.parquet"
    if file.exists():
        table = pq.read_table(file, columns=["host", "body", "body_kind"])
        found: dict[str, bytes] = {}
        for row in table.to_pylist():
            if row["body_kind"] == "robots" and row["body"] and parse_host(row["host"]):
                found.setdefault(row["host"], row["body"].encode())
        names = sorted(found)
        draw.shuffle(names)
        return {name: found[name] for name in names[:hosts]}, True
    return {f"site{n}.example": _made_up(draw) for n in range(hosts)}, False


def _made_up(draw: random.Random) -> bytes:
    lines = ["User-agent: *"]
    for _ in range(draw.choice([1, 3, 10, 20, 60])):
        path = "/" + "/".join(draw.choices(WORDS, k=draw.randint(1, 3)))
        path += draw.choice(["/", "/", "/", "*.pdf$", "/*?", "*/print"])
        lines.append(f"{draw.choice(['Disallow', 'Disallow', 'Disallow', 'Allow'])}: {path}")
    if draw.random() < 0.3:
        lines += ["", "User-agent: GPTBot", "Disallow: /"]
    return "\n".join(lines).encode()


def _urls(bodies: dict[str, bytes], rows: int, draw: random.Random) -> list[str]:
    names = list(bodies)
    ranks = np.random.default_rng(7).zipf(1.3, rows) % len(names)
    rules = {name: _literal_rules(body) for name, body in bodies.items()}
    urls = []
    for n, rank in enumerate(ranks.tolist()):
        name = names[rank]
        if n % 7 == 0 and rules[name]:
            path = draw.choice(rules[name])
        else:
            path = "/" + "/".join(draw.choices(WORDS, k=draw.randint(1, 4)))
        urls.append(f"https://{name}{path}-{n}.html" if n % 5 else f"https://{name}{path}?page={n}")
    return urls


def _literal_rules(body: bytes) -> list[str]:
    patterns = {rule.pattern for group in RobotsTxt.parse(body).groups for rule in group.rules}
    return sorted(p for p in patterns if p.startswith("/") and not set(p) & set("*$%?"))[:20]
