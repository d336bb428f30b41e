"""The records of the demo, their policy and opt-outs, written to a folder as a newcomer would have them."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.demo.sites import LOST, SITES, Pages
from rightful.demo.texts import sentences
from rightful.demo.works import FERRY, WALNUT, told_again
from rightful.policy.policy_file import policy_template
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import export_register
from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.importing import read_entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.register.export import Register

PAGES_OF_A_KIND = 60
FETCHED_AT = "2026-01-15T08:00:00Z"

_LICENCE_NOTICE = "This textbook is licensed under CC BY 4.0, https://creativecommons.org/licenses/by/4.0/legalcode\n"
_GAZETTE_NOTICE = "Official gazette: laws and their official translations, as published by the issuing body.\n"


def write_inputs(folder: Path, *, pages_of_a_kind: int = PAGES_OF_A_KIND) -> dict[str, Path]:
    """Write records, policy, opt-outs and evidence; give their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    notices = {"textbook": _LICENCE_NOTICE, "gazette": _GAZETTE_NOTICE}
    for name, text in notices.items():
        (folder / f"{name}-notice.txt").write_text(text, encoding="utf-8")
    paths = {
        "records": folder / "records.parquet",
        "expected": folder / "expected.parquet",
        "policy": folder / "policy.toml",
        "optouts": folder / "optouts.csv",
    }
    rows = list(_rows(pages_of_a_kind))
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.drop_columns(["admission", "reason"]), paths["records"])
    pq.write_table(table.select(["id", "admission", "reason"]), paths["expected"])
    paths["policy"].write_text(demo_policy(), encoding="utf-8")
    _write_optouts(paths["optouts"])
    return paths


def _rows(pages_of_a_kind: int) -> Iterator[dict[str, Any]]:
    number = 0
    kinds = [(site.host, pages) for site in SITES for pages in site.pages] + [("", pages) for pages in LOST]
    for n in range(pages_of_a_kind):
        for host, pages in kinds:
            number += 1
            yield {
                "id": f"r{number:06}",
                "url": _url(host, pages, n),
                "text": _text(pages, number),
                "language": pages.language,
                "source": pages.source,
                "fetched_at": FETCHED_AT,
                "http_headers": pages.headers,
                "html_head": pages.head,
                "admission": pages.admission,
                "reason": pages.reason,
            }


def _url(host: str, pages: Pages, n: int) -> str | None:
    path = pages.path.format(n=n)
    if not host:
        return path or None
    return f"http://{host}{path}"


def _text(pages: Pages, number: int) -> str:
    if pages.text:
        return told_again(FERRY if pages.text == "letter" else WALNUT, pages.text, number)
    return sentences(pages.language, number)


def demo_register(optouts: Path, file: Path, *, afterwards: bool = False) -> Register:
    """Export the opt-outs, with the fingerprint of the one work; `afterwards` those that came in since, too."""
    entries = read_entries([optouts])
    works = [WALNUT]
    if afterwards:
        works.append(FERRY)
        entries.append(OptOut(KeyKind.CONTENT, text_digest(FERRY), OptOutState.VERIFIED, "request-5"))
    return export_register(entries, file, works=fingerprints_of(works))


def demo_policy() -> str:
    """Give the demo's policy: the template, with three sources, names filled in, and loopback allowed."""
    digests = {
        name: hashlib.sha256(text.encode()).hexdigest()
        for name, text in (("textbook", _LICENCE_NOTICE), ("gazette", _GAZETTE_NOTICE))
    }
    text = policy_template()
    edits = {
        'name = "my-policy"': 'name = "demo"',
        'rationale = ""': 'rationale = "A demonstration: a general model, small excerpts of many sites."',
        'signed_by = ""': 'signed_by = "nobody, this is a demonstration"',
        'title = "Screened training data"': 'title = "A small web, screened"',
        'provider = ""': 'provider = "the rightful demo"',
        'opt_out_contact = ""': 'opt_out_contact = "optout@demo.example"',
        "unsafe_allow_private_addresses = false": (
            "unsafe_allow_private_addresses = true   # the demo's sites are on this machine"
        ),
        "seconds_between_requests_to_a_host = 1.0": "seconds_between_requests_to_a_host = 0.0",
        "timeout_seconds = 20.0": "timeout_seconds = 5.0",
        "attempts = 3": "attempts = 1",
        "# Names your data uses for licences": _sources(digests) + "\n# Names your data uses for licences",
    }
    for old, new in edits.items():
        if text.count(old) != 1:
            raise RuntimeError(f"the policy template no longer has {old!r} once")
        text = text.replace(old, new)
    return text


def _sources(digests: dict[str, str]) -> str:
    return f"""
[[sources]]
name = "textbook"
route = "open_dataset"
licence = "cc-by-4.0"
licence_evidence = "text+notice"
evidence = ["sha256:{digests["textbook"]} textbook-notice.txt"]

[[sources]]
name = "gazette"
route = "open_dataset"
work_status = "official"
evidence = ["sha256:{digests["gazette"]} gazette-notice.txt"]
"""


def _write_optouts(file: Path) -> None:
    rows = [
        ("site", "author.example", "verified", "request-1"),
        ("prefix", "http://forum.example/thread/7/", "verified", "request-2"),
        ("prefix", "http://forum.example/thread/8/", "received", "request-3"),
        ("content", text_digest(WALNUT), "verified", "request-4"),
    ]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("kind", "value", "state", "reference"))
        writer.writerows(rows)
