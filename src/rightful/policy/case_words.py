"""The short names that cases are written in, and the facts, declarations and settings they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rightful.facts.rights import POOL_TESTS, LicenceEvidence
from rightful.facts.situation import RobotsFact
from rightful.policy.days import first_day, last_day
from rightful.policy.licences import licence_id
from rightful.policy.overrides import UNKNOWN_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping

# Short name -> setting of the scenario, of the source, of its contract.
SCENARIO = {
    "general": "general",
    "commercial": "commercial",
    "specific": "specific_data",
    "names": "names",
    "imitates": "imitates_identified_author",
    "market": "market_effect",
    "stage": "stage",
    "jur": "jurisdictions",
    "redistributes_modified": "redistributes_modified",
    "research_organisation": "research_organisation",
    "retention_until": "retention_until",
}
SOURCE = {
    "route": "route",
    "derived_from_crawl": "derived_from_crawl",
    "work_status": "work_status",
    "pd_in": "public_domain_in",
    "author_died": "author_died",
    "published": "published",
    "works": "works",
    "consent": "consent",
    "notice": "notice",
    "sensitive_pi": "sensitive_pi",
    "third_party": "third_party",
    "unlawful": "unlawful",
    "tos_reservation": "tos",
    "generator_tos": "generator_tos",
    "lic_refused": "licence_request",
    "db_extraction": "db_extraction",
    "lawful_access": "lawful_access",
    "holder": "holder",
    "curated": "curated",
    "sold_for_analysis": "sold_for_analysis",
}
CONTRACT = {
    "training": "training",
    "commercial": "commercial",
    "chain": "chain",
    "from": "starts",
    "to": "ends",
    "paid": "paid",
    "accruing": "accruing",
    "expired": "expired",
    "model": "model",
    "same_holder": "same_holder",
}
_FACTS = (
    "robots_fetch", "robots_now", "reservation", "optout", "optout_time", "licence", "lic_ev", "lic_older", "rsl",
    "page_licences", "source_known", "url", "text_readable", "unknown_values",
)  # fmt: skip
_OTHERS = ("profile", "contract", "pool", "own_ev", "built_on", "acquired")
# What a flag of a case means in a closed list.
_FLAGS = {
    "third_party": {True: "found", False: "none"},
    "tos_reservation": {True: "reserved", False: "silent"},
    "lic_refused": {True: "refused", False: "none"},
    "db_extraction": {True: "substantial", False: "insubstantial"},
    "lawful_access": {True: "yes", False: "no"},
}
_ROBOTS = {
    "disallow": RobotsFact.NAMED.value,
    "n/a": RobotsFact.MISSING.value,  # asked of nobody: the source is no crawl
}
_OPTOUTS = ("none", "received", "verified", "unsure", "rejected", "withdrawn")
_FLAG, _TEXTS = "true or false", "an array of texts"
_KINDS = {
    **dict.fromkeys(("own_ev", "lic_older", "source_known", "text_readable"), _FLAG),
    **dict.fromkeys(("page_licences", "unknown_values", "acquired", "pd_in", "jur", "names"), _TEXTS),
    **dict.fromkeys(("rsl", "pool", "contract"), "an object"),
}
_INNER: dict[str, dict[str, str | None]] = {
    "rsl": {
        **dict.fromkeys(("permits", "prohibits"), _TEXTS),
        "payment": None,
        **dict.fromkeys(("acquired", "contribution_recorded", "nonconformant"), _FLAG),
    },
    "pool": {"agreement": _FLAG, "quality": "a number", "faults": _TEXTS},
}
_RSL_USAGES = ("all", "ai-all", "ai-train", "ai-input", "ai-index", "ai-use", "ai-summarize", "search")
_RSL_ALIASES = {"inference": "use"}
_RSL_PAYMENTS = ("purchase", "subscription", "training", "crawl", "use")
_REFUSING = ("=no", "=n", "=1", "=deny", "=false", "tdm=yes")


def known_words() -> frozenset[str]:
    """Give every input that a case may name."""
    return frozenset((*SCENARIO, *SOURCE, *_FACTS, *_OTHERS))


class Words:
    """The inputs of one case."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        for word, value in inputs.items():
            _of_kind(word, value, _KINDS.get(word))
        for word, kinds in _INNER.items():
            for name, value in inputs.get(word, {}).items():
                if name not in kinds:
                    raise ValueError(f"{word} has no {name!r}; it has {', '.join(kinds)}")
                _of_kind(f"{word}.{name}", value, kinds[name])
        self._inputs = inputs

    def of(self, table: Mapping[str, str]) -> dict[str, Any]:
        """Give what the case says of the settings of a table."""
        inputs = self._inputs.get("contract", {}) if table is CONTRACT else self._inputs
        if not isinstance(inputs, dict):
            raise TypeError(f"contract is an object, not {inputs!r}")
        if table is CONTRACT and (odd := sorted(set(inputs) - set(CONTRACT))):
            raise ValueError(f"a contract has no {odd[0]!r}; it has {', '.join(CONTRACT)}")
        said = {setting: self._value(word, inputs[word]) for word, setting in table.items() if word in inputs}
        if said.get("work_status") == "own" and not self._inputs.get("own_ev"):
            said["work_status"] = "unknown"  # a permission without evidence
        return said

    @staticmethod
    def _value(word: str, value: Any) -> Any:
        if word in _FLAGS and isinstance(value, bool):
            return _FLAGS[word][value]
        return value.lower() if word == "unlawful" and isinstance(value, str) else value

    def pool(self) -> dict[str, Any]:
        """Give what is known of the pool; which of the five tests failed is what the faults say."""
        if "pool" not in self._inputs:
            return {}
        pool = self._inputs["pool"]
        faults = tuple(pool.get("faults", ()))
        failed = [test for test in POOL_TESTS if test in faults]
        passes = [test for test in POOL_TESTS if test not in failed]
        missing = len(POOL_TESTS) - int(pool.get("quality", 0)) - len(failed)
        return {
            "pool": {
                "agreement": bool(pool.get("agreement")),
                "passes": passes[: len(passes) - max(0, missing)],
                "faults": [fault for fault in faults if fault not in POOL_TESTS],
            }
        }

    def built_on(self, by_policy: str) -> str:
        """Give the day of the case: as it or the policy says, or else the day on which its contract begins."""
        said = str(self._inputs.get("built_on") or by_policy)
        contract = self._inputs.get("contract", {})
        if not said and contract.get("to"):
            raise ValueError("a contract with an end needs built_on: the day the data set is made")
        day = said or str(contract.get("from") or "")
        return last_day(day).isoformat() if day else ""

    def facts(self) -> dict[str, Any]:
        """Give the fields of the situation that are no declaration of a source."""
        said = self._inputs
        reserved = [str(each).partition(":") for each in self._reservations()]
        stated = [f"{protocol}={_preference(rest)}" for protocol, _, rest in reserved]
        unknown = list(said.get("unknown_values", ()))
        if "rsl" in said:
            if said["rsl"].get("nonconformant"):
                unknown.append("rsl")  # there is a document, and nobody can say what it means
            else:
                stated.append(_rsl(said["rsl"]))
        facts: dict[str, Any] = {
            "source_known": said.get("source_known", True),
            "robots_fetch": _robots(said.get("robots_fetch", "allow")),
            "robots_build": _robots(said.get("robots_now", "allow")),
            "stated_build": tuple(sorted(stated)),
            "optouts": _optouts(str(said.get("optout", "none"))),
            "restricted_at": _day(str(said.get("optout_time", ""))),
            "licence_evidence": LicenceEvidence(said.get("lic_ev", "none")).value,
            "licence_older": "yes" if said.get("lic_older") else "",
            "licences_named": tuple(said.get("page_licences", ())),
            "url": said.get("url", "located"),
            "text_readable": said.get("text_readable", True),
            "unknown_values": tuple(sorted(unknown)),
        }
        facts["licence"], known = _licence(str(said.get("licence", "none")))
        if not known:
            facts["unknown_values"] = tuple(sorted({*unknown, "licence"}))
        if asked := self._acquired():
            facts["acquired"] = asked
        return facts

    def _reservations(self) -> tuple[Any, ...]:
        value = self._inputs.get("reservation", ())
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    def _acquired(self) -> tuple[str, ...]:
        rsl = self._inputs.get("rsl", {})
        found = set(self._inputs.get("acquired", ()))
        if rsl.get("acquired"):
            found |= set(_asked(rsl))
        if rsl.get("contribution_recorded"):
            found.add("contribution")
        return tuple(sorted(found))


def _of_kind(word: str, value: Any, kind: str | None) -> None:
    """Refuse a value of another kind: "no" is a text that would count as true, and a text is a list of letters."""
    fits = {
        None: True,
        "true or false": isinstance(value, bool),
        "an object": isinstance(value, dict),
        "an array of texts": isinstance(value, list) and all(isinstance(each, str) for each in value),
        "a number": isinstance(value, int) and not isinstance(value, bool),
    }
    if not fits[kind]:
        raise TypeError(f"{word} is {kind}, not {value!r}")


def _usages(rsl: Mapping[str, Any], name: str) -> set[str]:
    given = set(rsl.get(name, ()))
    if odd := sorted(given - set(_RSL_USAGES)):
        raise ValueError(f"rsl.{name} has no usage {odd[0]!r}; RSL has {', '.join(_RSL_USAGES)}")
    return given


def _optouts(state: str) -> tuple[str, ...]:
    if state not in _OPTOUTS:
        raise ValueError(f"optout is {', '.join(_OPTOUTS)}, not {state!r}")
    return (f"work:{state}",) if state in {"received", "verified", "unsure"} else ()


def _day(written: str) -> str:
    if written not in {"", UNKNOWN_DATE}:
        first_day(written)
    return written


def _robots(value: str) -> str:
    return RobotsFact(_ROBOTS.get(value, value)).value


def _licence(written: str) -> tuple[str, bool]:
    """Read a licence; one without a version is taken for the newest."""
    found, known = licence_id(written, {})
    return (found, known) if known else licence_id(f"{written}-4.0", {})


def _preference(rest: str) -> str:
    """Read what a reservation says: `ai-train=no`, `tdm=1`; one that says nothing more reserves."""
    if rest in {"allow", "conditional", "error", "unknown"}:
        return rest
    return "deny" if not rest or rest.lower().endswith(_REFUSING) or rest == "deny" else "allow"


def _rsl(rsl: Mapping[str, Any]) -> str:
    """Give what an RSL licence answers, as `facts.statement.summary` does."""
    forbidden = {"all", "ai-all", "ai-train"} & _usages(rsl, "prohibits")
    permits = _usages(rsl, "permits")
    if forbidden or (permits and not {"all", "ai-all", "ai-train"} & permits):
        return "rsl=deny"
    asked = _asked(rsl)
    if not asked or asked == ("attribution",):
        return "rsl=allow" + (":attribution" if asked else "")
    return f"rsl=conditional:{'+'.join(asked)}"


def _asked(rsl: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the conditions of a payment type; of one that RSL does not know only that something is to be paid."""
    kind = str(rsl.get("payment", "free"))
    kind = _RSL_ALIASES.get(kind, kind)
    if kind == "free":
        return ()
    if kind in {"attribution", "contribution"}:
        return (kind,)
    return (f"payment:{kind}",) if kind in _RSL_PAYMENTS else ("payment",)
