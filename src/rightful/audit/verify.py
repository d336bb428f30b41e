"""Verifying a run: digests, rules, evidence, counts, decisions and card, each step on its own.

Whatever cannot be read is a finding, not a crash: the point is to say which file it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

import rightful
from rightful.audit.attributions_again import compare_attributions
from rightful.audit.composition import LATER_STAGES, strangers
from rightful.audit.counts import recount
from rightful.audit.data_again import compare_data
from rightful.audit.decide_again import (
    Redecided,
    decide_situations_again,
    evidence_lookup,
    ledger_batches,
    observe_again,
)
from rightful.audit.earlier import compare_chain
from rightful.audit.matcher_again import compare_matcher
from rightful.audit.quality_again import compare_quality
from rightful.audit.second_opinion import SecondOpinion, ask_protego
from rightful.card.write import render_card
from rightful.errors import RightfulError, VerificationError
from rightful.ledger.checksums import NAME as CHECKSUMS
from rightful.ledger.checksums import changed_files, files_of, read_checksums
from rightful.ledger.merkle import files_root
from rightful.ledger.run_directory import (
    CARD,
    CROISSANT,
    EVIDENCE,
    LICENCE,
    MANIFEST,
    OPTOUTS,
    POLICY,
    QUALITY,
    README,
    SITUATIONS_FILE,
    RunDirectory,
)
from rightful.policy.policy_file import read_policy
from rightful.register.export import Register
from rightful.screening.screener import RULESET
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rightful.policy.policy import Policy

SAMPLE = 2_000
_UNREADABLE = (RightfulError, pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was looked at, what was found wrong, and a figure for the reader."""

    name: str
    findings: tuple[str, ...]
    note: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of every step."""

    steps: tuple[Step, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """Everything found wrong."""
        return tuple(finding for step in self.steps for finding in step.findings)

    def raise_for_findings(self) -> None:
        """Stop where anything was found.

        Raises:
            VerificationError: listing every finding.
        """
        if self.findings:
            listed = "\n".join(f"  {finding}" for finding in self.findings)
            raise VerificationError(f"the run is not what it says:\n{listed}", findings=list(self.findings))


def verify_run(
    folder: str | Path,
    *,
    everything: bool = False,
    earlier: str | Path | None = None,
    register: Register | str | Path | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Verification:
    """Verify a run directory.

    Args:
        folder: the run.
        everything: decide every record again; otherwise every situation, and a sample of records.
        earlier: the version it was made of by withdrawing records, to be compared with.
        register: the export it was screened with: a run has no key of its works, so that nobody can guess them, and
            only with that texts are compared with works again. Without it the ledger's word is taken for what is like.
        on_step: told the name of each step as it begins.
    """
    before = None if earlier is None else RunDirectory(earlier)
    export = register if register is None or isinstance(register, Register) else Register.open(register)
    work = _Verifier(RunDirectory(folder), before, export, everything=everything)
    steps: list[Step] = []
    for name, step in work.steps.items():
        if on_step:
            on_step(name)
        if name not in work.foundations and any(earlier.findings for earlier in steps):
            # What was altered is known by now; reading altered files further could only mislead, or crash.
            steps.append(Step(name, (), "not looked at", skipped=True))
            continue
        try:
            findings, note = step()
        except _NotYetError as stage:
            steps.append(Step(name, (), str(stage), skipped=True))
            continue
        except _UNREADABLE as error:
            findings, note = [f"{name}: {_first_line(error)}"], ""
        steps.append(Step(name, tuple(findings), note))
    return Verification(tuple(steps))


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


_Outcome = tuple[list[str], str]


class _NotYetError(Exception):
    """The run has not come to this stage."""


class _Verifier:
    foundations = ("file digests", "manifest", "rules")

    def __init__(
        self, run: RunDirectory, earlier: RunDirectory | None, export: Register | None, *, everything: bool
    ) -> None:
        self.run = run
        self.export = export
        self.earlier = earlier
        self.everything = everything
        self.steps: dict[str, Callable[[], _Outcome]] = {
            "file digests": self._files,
            "manifest": self._manifest,
            "rules": self._rules,
            "composition": self._composition,
            "versions": self._versions,
            "evidence": self._evidence,
            "counts": self._counts,
            "decisions by situation": self._situations,
            "records looked up again": self._records,
            "data decided again": self._data,
            "attributions": self._attributions,
            "second opinion on robots.txt": self._second_opinion,
            "quality": self._quality,
            "matcher test": self._matcher,
            "card": self._card,
        }

    @cached_property
    def _policy(self) -> Policy:
        return read_policy(self.run.root / POLICY)

    def _files(self) -> _Outcome:
        if not self.run.root.is_dir():
            return [f"{self.run.root} is no directory"], ""
        findings = changed_files(self.run.root)
        return findings, f"{len(read_checksums(self.run.root)):,} files"

    def _manifest(self) -> _Outcome:
        manifest = self.run.manifest
        digests = read_checksums(self.run.root)
        findings = [
            f"{file.path} has another digest in {MANIFEST} than in {CHECKSUMS}"
            for file in manifest.data
            if digests.get(file.path) != file.sha256
        ]
        screened = {name: digests[name] for name in files_of(self.run.root) if name in digests}
        if files_root({n: d for n, d in screened.items() if n not in LATER_STAGES}) != manifest.root:
            findings.append(f"{MANIFEST} states another root than the files have")
        return findings, manifest.root

    def _rules(self) -> _Outcome:
        manifest, policy = self.run.manifest, self._policy
        stated = manifest.policy["id"]
        if policy.id != stated:
            return [f"{POLICY} has the id {policy.id}, {MANIFEST} says {stated}"], ""
        findings = []
        if manifest.policy != {"id": policy.id, "name": policy.name, "profile": policy.profile}:
            findings.append(f"{MANIFEST} calls the policy otherwise than {POLICY}")
        if manifest.ruleset != RULESET:
            findings.append(f"{MANIFEST} says ruleset {manifest.ruleset}, this version has {RULESET}")
        return findings, stated

    def _composition(self) -> _Outcome:
        return list(strangers(self.run)), self.run.manifest.mode

    def _versions(self) -> _Outcome:
        return compare_chain(self.run, self.earlier, self.export)

    def _quality(self) -> _Outcome:
        if not (self.run.root / QUALITY).exists():
            raise _NotYetError("no quality was tested yet")
        return compare_quality(self.run)

    def _matcher(self) -> _Outcome:
        if self.run.tries_matcher and not (self.run.root / QUALITY).exists():
            raise _NotYetError("no quality was tested yet")
        return compare_matcher(self.run, self._policy)

    def _evidence(self) -> _Outcome:
        manifest = self.run.manifest
        snapshot = Snapshot.open(self.run.root / EVIDENCE, manifest.evidence)
        snapshot.verify()
        findings = []
        as_of = snapshot.as_of.isoformat() if snapshot.as_of else None
        if as_of != manifest.snapshot["as_of"]:
            findings.append(f"{EVIDENCE} is as of {as_of}, {MANIFEST} says {manifest.snapshot['as_of']}")
        note = f"{len(snapshot):,} captures"
        if manifest.register is not None:
            register = Register.open(self.run.root / OPTOUTS)
            register.verify()
            note += f", {len(register):,} opt-outs with an effect"
            if register.facts != manifest.register["facts"]:
                findings.append(f"{OPTOUTS} states other facts of the register than {MANIFEST}")
            if register.version != manifest.register["version"]:
                findings.append(f"{OPTOUTS} is of register {register.version}, {MANIFEST} says otherwise")
        return findings, note

    def _counts(self) -> _Outcome:
        counts = self.run.manifest.counts
        findings = list(recount(self.run, self._policy))
        if counts.admit + counts.hold + counts.exclude != counts.records:
            findings.append(f"{MANIFEST}: admitted, held and excluded do not add up to the records")
        return findings, f"{counts.records:,} = {counts.admit:,} + {counts.hold:,} + {counts.exclude:,}"

    def _situations(self) -> _Outcome:
        findings = decide_situations_again(self.run, self._policy)
        return [f"{SITUATIONS_FILE}: {f}" for f in findings], f"{self.run.situations().num_rows:,} situations"

    @property
    def _every(self) -> int:
        return 1 if self.everything else max(1, self.run.manifest.counts.records // SAMPLE)

    def _data(self) -> _Outcome:
        findings = list(compare_data(self.run, self._policy, every=self._every, export=self.export))
        note = f"{sum(file.records for file in self.run.manifest.data):,} records compared"
        return findings, note if self._every == 1 else f"{note}, one in {self._every:,} decided again"

    def _attributions(self) -> _Outcome:
        if self.run.manifest.mode == "ledger":
            raise _NotYetError("a ledger alone ships no records")
        return compare_attributions(self.run)

    def _records(self) -> _Outcome:
        lookup = evidence_lookup(self.run, self._policy)
        again: Redecided = observe_again(self.run, self._policy, ledger_batches(self.run, every=self._every), lookup)
        note = f"{again.records:,} of {self.run.manifest.counts.records:,} records"
        if again.not_kept:
            note += f"; {again.not_kept:,} whose location the ledger does not keep"
        return again.differing, note

    def _second_opinion(self) -> _Outcome:
        every = max(1, self.run.manifest.counts.records // SAMPLE)
        lookup = evidence_lookup(self.run, self._policy)
        opinion: SecondOpinion = ask_protego(self.run, self._policy, ledger_batches(self.run, every=every), lookup)
        named = ", ".join(f"{name} {count:,}" for name, count in sorted(opinion.by_rule.items()))
        note = f"{opinion.asked:,} verdicts of Protego, {opinion.agreeing:,} agree" + (f"; {named}" if named else "")
        return opinion.unnamed, note

    def _card(self) -> _Outcome:
        written = [name for name in (CARD, CROISSANT, LICENCE, README) if (self.run.root / name).exists()]
        if not written:
            raise _NotYetError("no card was written yet")
        ours, theirs = f"rightful {rightful.__version__}", self.run.manifest.tool
        # Another version may write the same facts in other words; whoever reads this should know where to look.
        told = "" if ours == theirs else f" by {ours}; verify with {theirs}, which made it"
        findings = [
            f"{name} is not what the files of the run give{told}"
            for name, text in render_card(self.run, self._policy).items()
            if not (self.run.root / name).exists() or (self.run.root / name).read_bytes() != text.encode()
        ]
        return findings, f"{len(written)} files rendered again, octet for octet"
