"""`rightful optout verify`, `reject`, `appeal`, `take-back`, `hold`, `removed`, `claimant`: what moves a request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.cli.optout_register import Actor, KeyFile, Place, Reference, actor_of, opened, present, print_pairs
from rightful.register.model import IN_EFFECT, REASONS, State
from rightful.terminal import console

if TYPE_CHECKING:
    from rightful.register.database import RegisterDatabase

VERIFY = """
Accept requests: from the next export on they exclude records.

Where others claim the same, its records are held until all claims but one are rejected or taken back.

\b
  rightful optout verify R-ABCDEFGH23456723 --reason "name and imprint agree"
  rightful optout verify R-ABCDEFGH23456723 R-BCDEFGH234567ABC
"""
_WORDS = "\n".join(f"  {code:<16} {means}" for code, means in REASONS.items())
REJECT = f"""
Turn a request down, for a reason that is kept for ever. Its claimant may appeal.

A reason is one of these words, alone or with more after a colon; statistics count any other as `other`:

\b
{_WORDS}

\b
  rightful optout reject R-ABCDEFGH23456723 --reason "not-the-holder: the imprint names another"
"""
APPEAL = """
Take a rejected request up again: it is received anew, and holds records from the next export on.

\b
  rightful optout appeal R-ABCDEFGH23456723 --reason "sent the contract of 1997"
"""
TAKE_BACK = """
End an opt-out because its claimant takes it back. What happened before stays written; it ends there, for good.

It is not called withdraw, since `rightful withdraw` takes works out of datasets; the request's state is withdrawn.

\b
  rightful optout take-back R-ABCDEFGH23456723 --reason "asked for by letter of 3 March"
"""
HOLD = """
Put what a request removes under legal hold, or end one: out of every build, and its octets preserved, sealed.

Until it is released the request can be neither rejected nor taken back, and its claimant's data are not erased.

\b
  rightful optout hold R-ABCDEFGH23456723 --reason "case 12/2026"
  rightful optout hold R-ABCDEFGH23456723 --release --reason "case 12/2026 is settled"
"""
REMOVED = """
Note that records were removed and their claimants told, from the signed receipts of `rightful withdraw`.

A receipt is tested first. The same receipt twice changes nothing, and neither does one of a request that was rejected
or taken back since.

\b
  rightful optout removed out-3f2a.receipts/*.json --key receipts.pem.pub
"""
CLAIMANT = """
Print who filed a request: their name, what reaches them, their own name for it. The log keeps who read it, and why.

\b
  rightful optout claimant R-ABCDEFGH23456723 --reason "to send the receipt"
"""
_Reason = Annotated[str, typer.Option(help="Why. Kept in the log for ever: name nobody.")]


def verify_command(
    references: Annotated[list[str], typer.Argument(metavar="REF", help="References of requests: R-…")],
    reason: Annotated[str, typer.Option(help="What it was verified by. Kept for ever: name nobody.")] = "",
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Accept requests."""
    from rightful.register.access_log import one_line  # noqa: PLC0415 - when asked

    details = {"reason": one_line("reason", reason, needed=True)} if reason else None
    with opened(db, key_file) as register:
        for reference in references:
            state = register.database.verify(reference, actor=actor_of(actor), now=present(), details=details)
            _print_moved(reference, state, "it excludes records from the next export on")
            others = register.database.conflicts(reference)
            if others:
                told = "but others claim the same, and until one claim is left its records are held"
                console().print(f"  {told}: {', '.join(others)}", style="yellow", soft_wrap=True)


def reject_command(
    reference: Reference,
    reason: Annotated[str, typer.Option(help="Why: a word of the list, or `word: more`. Kept for ever: name nobody.")],
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Turn a request down."""
    with opened(db, key_file) as register:
        state = register.database.reject(reference, reason=reason, actor=actor_of(actor), now=present())
    _print_moved(reference, state, "it does nothing from the next export on; its claimant may appeal")


def appeal_command(
    reference: Reference, reason: _Reason, db: Place = None, key_file: KeyFile = None, actor: Actor = None
) -> None:
    """Take a rejected request up again."""
    with opened(db, key_file) as register:
        state = register.database.appeal(reference, reason=reason, actor=actor_of(actor), now=present())
    _print_moved(reference, state, "it holds records from the next export on, and is to be verified or rejected")


def take_back_command(
    reference: Reference, reason: _Reason, db: Place = None, key_file: KeyFile = None, actor: Actor = None
) -> None:
    """End an opt-out at its claimant's wish."""
    from rightful.register.access_log import one_line  # noqa: PLC0415 - when asked

    one_line("reason", reason, needed=True)
    with opened(db, key_file) as register:
        state = register.database.withdraw(reference, reason=reason, actor=actor_of(actor), now=present())
    _print_moved(reference, state, "its claimant took it back; it does nothing from the next export on")


def hold_command(
    reference: Reference,
    release: Annotated[bool, typer.Option("--release", help="End the hold.")] = False,
    reason: Annotated[str, typer.Option(help="Why: the matter's number. Kept for ever: name nobody.")] = "",
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Put a request under legal hold, or end one."""
    with opened(db, key_file) as register:
        move = register.database.release if release else register.database.hold
        state = move(reference, reason=reason, actor=actor_of(actor), now=present())
    _print_moved(reference, state, "no longer under legal hold" if release else "under legal hold")


def removed_command(
    receipts: Annotated[list[Path], typer.Argument(metavar="RECEIPT", help="Receipts of `rightful withdraw`.")],
    key: Annotated[Path, typer.Option(help="Public key of whoever signed them (PEM).")],
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Note that records were removed, and their claimants told."""
    from rightful.files import digest_of  # noqa: PLC0415 - when asked
    from rightful.withdrawal.receipts import verify_receipt  # noqa: PLC0415 - when asked

    stated = [(str(verify_receipt(file, key)["reference"]), f"sha256:{digest_of(file)}") for file in receipts]
    with opened(db, key_file) as register:
        for reference, receipt in stated:
            state = _remove(register.database, reference, receipt, actor_of(actor))
            noted = state is State.CONFIRMED
            _print_moved(reference, state, "its receipt is noted" if noted else "left as it is: it is not in effect")


def _remove(database: RegisterDatabase, reference: str, receipt: str, actor: str) -> State:
    """Take the steps that are left up to confirmed, if the request is in effect; some may have been taken before."""
    status = database.status(reference)
    state = status.state
    if state not in IN_EFFECT:
        return state
    if not any(event.details.get("receipt") == receipt for event in status.events):
        if state is not State.MATCHED:
            state = database.match(reference, actor=actor, now=present())
        state = database.remove(reference, receipt=receipt, actor=actor, now=present())
    if state is State.REMOVED:
        state = database.confirm(reference, actor=actor, now=present())
    return state


def claimant_command(
    reference: Reference,
    reason: Annotated[str, typer.Option(help="What for. Kept in the log for ever.")],
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Print who filed a request."""
    with opened(db, key_file) as register:
        found = register.database.personal(reference, actor=actor_of(actor), reason=reason, now=present())
    told = {"name": found.name, "contact": found.contact, "authority": found.authority}
    told |= {"their own reference": found.own_reference, "kept until": f"{found.retain_until:%Y-%m-%d}"}
    print_pairs({name: value for name, value in told.items() if value})


def _print_moved(reference: str, state: State, means: str) -> None:
    typer.echo(f"{reference.strip().upper()}  {state.value}")
    console().print(f"  {means}", style="dim", soft_wrap=True)
