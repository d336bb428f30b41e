"""Facts to text: the README with its metadata block, and the licence file."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
import yaml

from rightful.card.claims import KINDS
from rightful.facts.rights import EVIDENCED
from rightful.policy.licences import terms_of

if TYPE_CHECKING:
    from rightful.signals.licence import Licence

_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"), (100_000_000_000, "10B<n<100B"), (1_000_000_000_000, "100B<n<1T"),
)  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*").fullmatch


def render_readme(facts: dict[str, Any]) -> str:
    """Give the README: metadata block for the Hub, then the card."""
    block = yaml.safe_dump(hub_metadata(facts), sort_keys=False, allow_unicode=True, width=4096)
    return f"---\n{block}---\n\n{_template('README.md.j2', facts)}"


def render_licence(facts: dict[str, Any]) -> str:
    """Give LICENSE.md: which licences the records carry, and what none of them says."""
    return _template("LICENSE.md.j2", facts)


def hub_metadata(facts: dict[str, Any]) -> dict[str, Any]:
    """Give the metadata block the Hub reads (hub-docs: datasets-cards, repositories-licenses)."""
    identity, made, funnel = facts["identity"], facts["made"], facts["funnel"]
    licence = hub_licence(facts)
    block: dict[str, Any] = {"pretty_name": identity["title"]}
    block |= (
        {"license": licence}
        if licence
        else {
            "license": "other",
            "license_name": "mixed-see-license-md",
            "license_link": "LICENSE.md",
        }
    )
    languages = [row["language"] for row in facts["composition"]["languages"] if _LANGUAGE(row["language"])]
    languages = [name for name in languages if name != "unknown"] or identity["languages"]
    if languages:
        block["language"] = languages
    if identity["task_categories"]:
        block["task_categories"] = identity["task_categories"]
    block |= {
        "size_categories": [size_category(funnel["admit"])],
        "tags": ["rightful"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
        "rightful": {
            "schema": facts["schema"],
            "tool": made["tool"],
            "policy": made["policy"]["id"],
            "snapshot": made["snapshot"]["id"],
            "register": made["register"]["version"] if made["register"] else None,
            "manifest": made["manifest_sha256"],
            "root": made["root"],
            "records": {key: funnel[key] for key in ("records", "admit", "hold", "exclude")},
            "card": "card.json",
        },
    }
    return block


def hub_licence(facts: dict[str, Any]) -> str | None:
    """Give the one evidenced licence of all admitted records as the Hub names it; None where they are mixed."""
    licences = {(row["licence"], row["licence_evidence"] in EVIDENCED) for row in facts["licences"]}
    if len(licences) != 1:
        return None
    name, evidenced = licences.pop()
    only = single_licence(name)
    return only.hub if only and evidenced else None


def single_licence(licence: str) -> Licence | None:
    """Give the one row that an id is; None of an expression, and of what is none."""
    rows = [choice.licences for choice in terms_of(licence).choices if not choice.unknown]
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None


def size_category(records: int) -> str:
    """Give the Hub's word for a number of records."""
    return next((word for limit, word in _SIZES if records < limit), "n>1T")


def _template(name: str, facts: dict[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text_of), undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML: `cell` escapes what comes from data
    )  # fmt: skip
    environment.filters |= {
        "cell": cell,
        "quoted": quoted,
        "number": number,
        "duration": duration,
        "share": share,
        "bar": bar,
        "mark": KINDS.__getitem__,
    }
    return environment.get_template(name).render(**facts, conditions_of=conditions_of)


def _text_of(template: str) -> str:
    return resources.files("rightful.card").joinpath("templates", template).read_text(encoding="utf-8")


def conditions_of(licence: str) -> list[str]:
    """Give what a licence asks for; of several that can be chosen from, what all of them do."""
    return list(terms_of(licence).conditions)


_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$&<>])")


def cell(value: object) -> str:
    """Make a value safe inside a Markdown table: site names and reasons come from strangers."""
    text = "" if value is None else str(value)
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text)).replace("://", ":&#47;&#47;")


def quoted(text: str) -> str:
    """Quote what the provider says, so that it cannot look like what was computed."""
    return "\n".join(f"> {cell(line)}" for line in text.splitlines())


def number(value: int | None) -> str:
    """Write a count with separators."""
    return "not measured" if value is None else f"{value:,}"


_DURATIONS = ((48 * 3600, 86400, "days"), (120 * 60, 3600, "hours"), (120, 60, "minutes"))


def duration(seconds: float | None) -> str:
    """Write a time that passed, in the unit that fits."""
    if seconds is None:
        return "not stated"
    for least, unit, word in _DURATIONS:
        if seconds >= least:
            return f"{seconds / unit:,.1f} {word}"
    return f"{seconds:,.0f} seconds"


def share(part: int, whole: int) -> str:
    """Write a share in percent; nothing of nothing is a dash."""
    return f"{100 * part / whole:.2f} %" if whole else "–"


def bar(part: int, whole: int, width: int = 20) -> str:
    """Draw a share; what is there at all shows."""
    if not whole:
        return ""
    filled = max(round(width * part / whole), 1 if part else 0)
    return "█" * filled + "░" * (width - filled)
