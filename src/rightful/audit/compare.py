"""What another policy would make of a run: its stored situations decided again, its records left alone.

A run stores facts, and facts were looked up as its policy asked. Settings that facts were looked up by (product tokens,
usages, columns, ...) have to be the same: for another answer to those a new run is needed, and the comparison says so
instead of giving half an answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rightful.audit.redeclared import Redeclared, Stored
from rightful.errors import InputError, PolicyError
from rightful.facts.decision import Admission, Decision
from rightful.facts.statement import Usage, read_summary
from rightful.ledger.run_directory import POLICY, RunDirectory
from rightful.ledger.situations import read_situation
from rightful.policy.deciding import decide
from rightful.policy.policy import Policy
from rightful.policy.policy_file import read_policy
from rightful.policy.profiles import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rightful.facts.situation import Situation

OWN = "run"  # what the run's own policy is called
_NEW_RUN = (
    "make a run under that policy: rightful run POLICY --input … --out …; what was stored was looked up otherwise"
)
_SILENT = ("name", "matching", "rates", "quality", "card", "ledger", "capture")
_RSL, _TDM = "rsl", "tdmrep"
# What an RSL licence always answers of, so that one that governs a record shows in its facts.
_ANSWERED = {Usage.TRAIN, Usage.INPUT, Usage.SEARCH}

Outcome = tuple[str, str]  # admission, and the tier of what is admitted


@dataclass(slots=True)
class Side:
    """What one policy makes of the records.

    Attributes:
        name: what it was called by.
        id: of the policy.
        by_admission: records by `admit`, `hold`, `exclude`.
        with_reason: records by every reason they have, admitted ones too.
        by_tier: admitted records by tier.
    """

    name: str
    id: str
    by_admission: Counter[str] = field(default_factory=Counter)
    with_reason: Counter[str] = field(default_factory=Counter)
    by_tier: Counter[str] = field(default_factory=Counter)

    def add(self, decision: Decision, records: int) -> Outcome:
        """Count records that are decided so; give what becomes of them."""
        admission, tier = decision.admission.word, ""
        self.by_admission[admission] += records
        if decision.admission is Admission.ADMIT and decision.tier is not None:
            tier = decision.tier.value
            self.by_tier[tier] += records
        for reason in decision.reasons:
            self.with_reason[reason] += records
        return admission, tier

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        counted = {"by_admission": self.by_admission, "with_reason": self.with_reason, "by_tier": self.by_tier}
        return {"name": self.name, "policy": self.id, **{name: dict(sorted(c.items())) for name, c in counted.items()}}


@dataclass(slots=True)
class Comparison:
    """Two policies over the records of one run.

    Attributes:
        run: the run directory.
        records: in it.
        a, b: what each policy makes of them.
        transitions: records by what becomes of them under the one and under the other, the unchanged among them.
        otherwise: records with the same admission and tier under both, and other reasons, conditions or basis.
        silent: sections in which the policies differ, and that change no decision.
    """

    run: Path
    records: int
    a: Side
    b: Side
    transitions: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)
    otherwise: int = 0
    silent: tuple[str, ...] = ()

    @property
    def changed(self) -> list[tuple[Outcome, Outcome, int]]:
        """The transitions to something else, most records first."""
        found = [(*pair, records) for pair, records in self.transitions.items() if pair[0] != pair[1]]
        return sorted(found, key=lambda each: (-each[2], each[:2]))

    @property
    def unchanged(self) -> int:
        """How many records keep admission and tier."""
        return self.records - sum(records for _, _, records in self.changed)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        rows = [
            {
                "from": dict(zip(_OUTCOME, before, strict=True)),
                "to": dict(zip(_OUTCOME, after, strict=True)),
                "records": n,
            }
            for before, after, n in self.changed
        ]
        return {
            "run": str(self.run), "records": self.records, "a": self.a.to_json(), "b": self.b.to_json(),
            "transitions": rows, "unchanged": self.unchanged, "otherwise": self.otherwise, "silent": list(self.silent),
        }  # fmt: skip


_OUTCOME = ("admission", "tier")


def compare_policies(a: str, b: str, folder: str | Path) -> Comparison:
    """Decide the stored situations of a run under two policies.

    Args:
        a: a policy file; the name of a profile, for the run's policy with that profile; or `run`, for the run's own.
        b: the same.
        folder: the run.

    Raises:
        PolicyError: a policy cannot be read, or the run's has not what a profile needs.
        InputError: the run was altered, or does not store what a policy asks about; the message names every setting.
    """
    run = RunDirectory(folder)
    manifest = run.manifest
    own = read_policy(run.root / POLICY)
    if own.id != manifest.policy["id"]:
        raise InputError(f"{run.root}: the policy in the run is not the one it was made with", hint=_VERIFY)
    policies = {name: _policy(name, own) for name in (a, b)}
    stored = Stored.of(manifest, own)
    for name, policy in policies.items():
        compared = ["[matching]"] if run.compares_works and policy.matching != own.matching else []
        _refuse_others(name, [*_looked_up_otherwise(policy, stored), *compared], run)
    rows = [(*read_situation(row), row["situation"], row["records"]) for row in run.situations().to_pylist()]
    as_run = Redeclared(stored, own)
    for situation, decision, number, _ in rows:
        if (
            situation.id != number
            or decide(situation, own) != decision
            or as_run.alternatives(situation) != [situation]
        ):
            raise InputError(
                f"{run.root}: situation {number} is not what this version makes of it: the run was altered, or made by "
                "another version",
                hint=_VERIFY,
            )
    for name, policy in policies.items():
        _refuse_others(name, _asked_otherwise([row[0] for row in rows], policy, own), run)
    found = Comparison(run.root, 0, Side(a, policies[a].id), Side(b, policies[b].id))
    found.silent = tuple(s for s in _SILENT if getattr(policies[a], s) != getattr(policies[b], s))
    again_a, again_b = (_again(name, [row[0] for row in rows], policies[name], stored, run) for name in (a, b))
    for (_, _, _, records), before, after in zip(rows, again_a, again_b, strict=True):
        pair = found.a.add(before, records), found.b.add(after, records)
        found.records += records
        found.transitions[pair] += records
        if pair[0] == pair[1] and before != after:
            found.otherwise += records
    return found


_VERIFY = "rightful verify says what; a new run settles it"


def _policy(name: str, own: Policy) -> Policy:
    """Read a policy file, or give the run's own policy, as it is or with another profile."""
    if name == OWN:
        return own
    if name not in NAMES:
        if not Path(name).exists():
            raise PolicyError(
                f"{name} is no policy file, and no profile",
                hint=f"name a file, {OWN} for the run's own policy, or a profile: {', '.join(NAMES)}",
                file=name,
            )
        return read_policy(name)
    try:
        return Policy.model_validate({**own.model_dump(), "profile": name})
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise PolicyError(
            f"the run's policy with another profile cannot work: {said}",
            hint="write a policy file with what it needs, and compare with that",
        ) from error


def _refuse_others(name: str, settings: list[str], run: RunDirectory) -> None:
    if settings:
        listed = "\n".join(f"  {setting}" for setting in settings)
        raise InputError(
            f"the facts that {run.root} stores cannot answer for {name}: other settings than the run's are\n{listed}",
            hint=_NEW_RUN,
            settings=settings,
        )


# By setting, what facts are looked up by, and never again.
_LOOKED_UP: dict[str, Callable[[Policy], object]] = {
    "[crawler]: which product tokens count": lambda p: p.crawler.effective,
    "protocols.robots": lambda p: p.protocols.robots,
    "protocols.any_scheme": lambda p: p.protocols.any_scheme,
    "protocols.usages": lambda p: set(p.protocols.usages),
    "protocols.legacy_labels": lambda p: p.protocols.legacy_labels,
    "protocols.reserved_use": lambda p: p.protocols.reserved_use,
    "protocols.bing_words": lambda p: p.protocols.bing_words,
    "protocols.search_words": lambda p: p.protocols.search_words,
    "protocols.max_capture_age_days": lambda p: p.protocols.max_capture_age_days,
    "[columns]": lambda p: p.columns.model_dump(exclude={"label"}),
    "licences.aliases": lambda p: p.licences.aliases,
    "[[sources]]: their names and what matches them": lambda p: {source.name: source.key for source in p.sources},
    "gates.infringing_sites": lambda p: {site.lower() for site in p.gates.infringing_sites},
}


def _looked_up_otherwise(policy: Policy, stored: Stored) -> list[str]:
    """List the settings by which facts would have been looked up otherwise."""
    own = stored.policy
    found = [setting for setting, of in _LOOKED_UP.items() if of(policy) != of(own)]
    if "rights_holder" in stored.roles and policy.tiers.holder_share_limit != own.tiers.holder_share_limit:
        found.append("tiers.holder_share_limit")
    return found


def _asked_otherwise(situations: Iterable[Situation], policy: Policy, own: Policy) -> list[str]:
    """List the settings that declared documents were read by, where any record has one."""
    protocols = {read_summary(said)[0] for each in situations for said in (*each.stated_fetch, *each.stated_build)}
    found = []
    licences_show = bool(_ANSWERED & set(own.protocols.usages))
    if policy.scenario.commercial != own.scenario.commercial and (_RSL in protocols or not licences_show):
        found.append("scenario.commercial: RSL licences were read for the other kind of user")
    modes = {policy.as_of.mode, own.as_of.mode}
    if len(modes) > 1 and "fetch" in modes and (protocols & {_RSL, _TDM} or not licences_show):
        found.append("as_of.mode: documents that sites declare were looked up for the other time")
    return found


def _again(
    name: str, situations: Iterable[Situation], policy: Policy, stored: Stored, run: RunDirectory
) -> list[Decision]:
    """Decide all situations as a policy would have filled them."""
    try:
        again = Redeclared(stored, policy)
        return [again.decision(situation) for situation in situations]
    except InputError as error:
        raise InputError(
            f"the facts that {run.root} stores cannot answer for {name}: {error.message}", hint=_NEW_RUN, **error.where
        ) from error
