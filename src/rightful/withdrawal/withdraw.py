"""Withdrawing: the newest register applied to a finished run, which gives a new version of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rightful.errors import InputError
from rightful.facts.moment import parse_time
from rightful.files import remove_scratch
from rightful.ledger.run_directory import RunDirectory
from rightful.register.export import Register
from rightful.runner.partial import locked
from rightful.withdrawal.absence import Absence
from rightful.withdrawal.basis import Basis
from rightful.withdrawal.exported import newest_export
from rightful.withdrawal.exposure import exposed_models
from rightful.withdrawal.making import Making, beside
from rightful.withdrawal.totals import Totals, read_withdrawal, totals_in
from rightful.withdrawal.version import chain_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from rightful.register.sealing import Key
    from rightful.withdrawal.exposure import Exposure


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What came of it.

    Attributes:
        run: the version before.
        out: the new version; None where no record is decided otherwise, or where it was only counted.
        register: version of the register.
        totals: what is another than before; nothing, where there is no new version.
        earlier_root, root: of the two versions; `root` is None where there is no new one.
        absence: the test after the build; None where there is no new version.
        not_looked_up: kinds of opt-outs that the records could not be asked for: there is no such column.
        receipts: one file a request that took anything out; none without a key to sign them.
        exposed: versions of models that were trained on the removed records; None where no train log was given.
        sealed: the removed records under legal hold; None where none was asked for, or nothing was removed.
    """

    run: Path
    out: Path | None
    register: str
    totals: Totals
    earlier_root: str
    root: str | None = None
    absence: Absence | None = None
    not_looked_up: tuple[str, ...] = ()
    receipts: tuple[Path, ...] = ()
    exposed: tuple[Exposure, ...] | None = None
    sealed: Path | None = None

    @property
    def removed(self) -> int:
        """Records that shipped before and no longer do."""
        return self.totals.removed


def withdraw(
    run: str | Path,
    *,
    register: Register | str | Path,
    out: str | Path,
    now: str,
    receipts: str | Path | None = None,
    signing_key: str | Path | None = None,
    make_key: bool = False,
    train_log: str | Path | None = None,
    legal_hold: str | Path | None = None,
    dry_run: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Withdrawal:
    """Make a new version of a run without the records that a register names by now.

    Nothing that was held or excluded comes back, whatever was withdrawn from the register since. Where no record is
    decided otherwise, no version is made. Stopped anywhere, the same call goes on.

    Args:
        run: a finished run; it stays as it is.
        register: the newest opt-outs: exported, the path of that, or the folder a register database exports to.
        out: the directory to be made.
        now: when this is done (ISO 8601); the new version and its receipts state it.
        receipts: folder for receipts; `<out>.receipts` by default. It must not lie in a run.
        signing_key: file of the ed25519 key that signs them (PEM); without it there are none.
        make_key: make that key where it is not there.
        train_log: which models were trained on what (`exposure.exposed_models`).
        legal_hold: file of the key (`register.sealing.Key`) under which removed records are sealed, before anything
            is published, into `<out>.hold`.
        dry_run: only count.
        on_progress: told (stage, records done, records in all).

    Raises:
        RunError: the run was altered, was made by other rules, or `out` holds something else.
        VerificationError: the run's own evidence does not give what it decided, or something named would still ship.
        QualityGateError: what is left fails a critical requirement; it stays in `OUT.partial`.
        RegisterError, InputError: the register, a key or the train log cannot be read.
        MissingExtraError: receipts and holds need `cryptography`, which is not installed.
    """
    moment = parse_time(now)
    if moment is None:
        raise InputError(f"{now!r} is no time", hint="ISO 8601: 2026-01-31T08:00:00Z", now=now)
    before = RunDirectory(Path(run).resolve())
    newest = register if isinstance(register, Register) else newest_export(register)
    basis, target = Basis(before), Path(out).resolve()
    making = Making(basis, newest, target, moment.isoformat(), on_progress)
    told = partial(
        Withdrawal,
        run=before.root,
        register=newest.version,
        earlier_root=before.manifest.root,
        not_looked_up=basis.not_looked_up(newest),
    )
    if dry_run:
        return told(out=None, totals=making.count())
    # What cannot be read is said before anything is made.
    exposed = None if train_log is None else exposed_models(train_log, chain_of(before))
    hold = None if legal_hold is None else _hold_key(legal_hold)
    key = None if signing_key is None else _receipt_key(signing_key, make=make_key)
    models = None if exposed is None else len({(each.model, each.version) for each in exposed})
    if not making.make(hold, models):
        return told(out=None, totals=Totals(all_shards=len(before.manifest.ledger)))
    after = RunDirectory(target)
    stated = read_withdrawal(after)
    files: tuple[Path, ...] = ()
    if key is not None:
        from rightful.withdrawal.receipts import write_receipts  # noqa: PLC0415 - needs an extra

        write = partial(write_receipts, before=before, after=after, register=newest, key=key, exposed=exposed)
        if receipts is None:
            with locked(target):  # nobody else writes into this folder, so what is half-written was left there
                remove_scratch(beside(target, "receipts"), keep=frozenset())
                files = write(beside(target, "receipts"))
        else:
            files = write(Path(receipts))
    return told(
        out=target,
        totals=totals_in(after, stated),
        root=after.manifest.root,
        absence=Absence(**stated["absence_test"]),
        receipts=files,
        exposed=exposed,
        sealed=making.sealed,
    )


def _hold_key(file: str | Path) -> Key:
    from rightful.register.sealing import Key  # noqa: PLC0415 - needs an extra

    return Key.from_file(file)


def _receipt_key(file: str | Path, *, make: bool) -> Ed25519PrivateKey:
    from rightful.withdrawal.receipts import receipt_key  # noqa: PLC0415 - needs an extra

    return receipt_key(file, make=make)
