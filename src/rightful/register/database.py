"""The register of opt-outs as people file them: requests, their states, and what is exported of them.

    with RegisterDatabase.open("register.db", key=Key.from_environment(), create=True) as database:
        reference = database.file(
            NewRequest(Claimant("A. Author", "a@example.org"), Scope.WORK, good_faith=True, texts=[text]),
            actor="desk", now=now)
        database.verify(reference, actor="desk", now=now)
        register = database.export("exports", actor="nightly", now=now)

Machine-readable reservations (robots.txt and the rest) never pass here: they act on sight. Every method that changes
or shows something protected takes who does it and when; both are in the log. Errors are `RegisterError`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rightful.errors import MissingExtraError, RegisterError
from rightful.register.model import Act, State

try:
    from rightful.register import access_log, answers, filing, personal, publishing, requests, rotation, statistics
    from rightful.register.store import Store, url_of
    from rightful.register.tables import ticks
except MissingExtraError:
    raise
except ImportError as error:
    raise MissingExtraError.named("register", needs="SQLAlchemy with alembic") from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rightful.register.access_log import LogHead
    from rightful.register.answers import Answer
    from rightful.register.export import Register
    from rightful.register.matching import Thresholds
    from rightful.register.model import Limits, NewRequest, RequestStatus
    from rightful.register.personal import PersonalData
    from rightful.register.sealing import Key

    Details = Mapping[str, Any] | None


class RegisterDatabase:
    """An open register; `open` makes one. Threads may share it, processes open their own.

    Args:
        store: the open database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, place: str | Path, *, key: Key, create: bool = False, limits: Limits | None = None) -> Self:
        """Open a register, and bring its tables up to date.

        Args:
            place: a path (SQLite), or a URL: `sqlite:///x.db`, `postgresql+psycopg://host/database`.
            key: the key it is sealed with.
            create: whether to make it where there is none.
            limits: the friction; `Limits()` where not given.

        Raises:
            RegisterError: there is none, it is of a newer release, or the key is another.
        """
        store = Store(url_of(place), key, limits)
        try:
            store.prepare(create=create)
        except BaseException:
            store.close()
            raise
        return cls(store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RegisterDatabase({self._store.where!r})"

    def close(self) -> None:
        """Close every connection."""
        self._store.close()

    @property
    def limits(self) -> Limits:
        """The friction it was opened with."""
        return self._store.limits

    # Requests

    def file(self, request: NewRequest, *, actor: str, now: datetime) -> str:
        """File a request and give its reference; see `filing.file_request` for what it must state."""
        return filing.file_request(self._store, request, actor=actor, now=now)

    def verify(
        self, reference: str, *, actor: str, now: datetime, automatic: bool = False, details: Details = None
    ) -> State:
        """Accept a request: from the next export on it excludes."""
        return self._move(reference, Act.VERIFY, actor=actor, now=now, automatic=automatic, details=details)

    def match(
        self, reference: str, *, actor: str, now: datetime, automatic: bool = False, details: Details = None
    ) -> State:
        """Note that records were found; again, for another or a later dataset, after they were removed."""
        return self._move(reference, Act.MATCH, actor=actor, now=now, automatic=automatic, details=details)

    def remove(
        self,
        reference: str,
        *,
        receipt: str,
        actor: str,
        now: datetime,
        automatic: bool = False,
        details: Details = None,
    ) -> State:
        """Note that they were removed; `receipt` is the digest or name of the receipt."""
        told = dict(details or {}) | {"receipt": access_log.one_line("receipt", receipt, needed=True)}
        return self._move(reference, Act.REMOVE, actor=actor, now=now, automatic=automatic, details=told)

    def confirm(
        self, reference: str, *, actor: str, now: datetime, automatic: bool = False, details: Details = None
    ) -> State:
        """Note that the claimant was told."""
        return self._move(reference, Act.CONFIRM, actor=actor, now=now, automatic=automatic, details=details)

    def reject(
        self,
        reference: str,
        *,
        reason: str,
        actor: str,
        now: datetime,
        automatic: bool = False,
        details: Details = None,
    ) -> State:
        """Turn a request down, for a reason that is kept for ever: a code of `model.REASONS`, or `code: words`."""
        return self._move(
            reference, Act.REJECT, actor=actor, now=now, reason=reason, automatic=automatic, details=details
        )

    def appeal(self, reference: str, *, reason: str, actor: str, now: datetime, details: Details = None) -> State:
        """Take a rejected request up again: it is received anew, and holds."""
        return self._move(reference, Act.APPEAL, actor=actor, now=now, reason=reason, details=details)

    def withdraw(
        self, reference: str, *, actor: str, now: datetime, reason: str = "", details: Details = None
    ) -> State:
        """End an opt-out at its claimant's wish; what was before stays written."""
        return self._move(reference, Act.WITHDRAW, actor=actor, now=now, reason=reason, details=details)

    def hold(self, reference: str, *, actor: str, now: datetime, reason: str = "", details: Details = None) -> State:
        """Put what a request removes under legal hold: out of every build, and preserved, sealed.

        Until the release it can be neither rejected nor taken back, and nothing of its claimant's is erased.
        """
        return self._move(reference, Act.HOLD, actor=actor, now=now, reason=reason, details=details)

    def release(self, reference: str, *, actor: str, now: datetime, reason: str = "", details: Details = None) -> State:
        """End a legal hold."""
        return self._move(reference, Act.RELEASE, actor=actor, now=now, reason=reason, details=details)

    def _move(
        self,
        reference: str,
        act: Act,
        *,
        actor: str,
        now: datetime,
        details: Details = None,
        reason: str = "",
        automatic: bool = False,
    ) -> State:
        return requests.move(
            self._store, reference, act, actor=actor, now=now, reason=reason, automatic=automatic, details=details
        )

    # What is known of them

    def status(self, reference: str) -> RequestStatus:
        """Tell where a request stands; nothing personal."""
        return requests.status(self._store, reference)

    def conflicts(self, reference: str) -> tuple[str, ...]:
        """Name the requests of others that claim the same: for who decides."""
        return requests.conflicts(self._store, reference)

    def pending(self) -> tuple[str, ...]:
        """Name the requests to verify, in the order they came, what was filed in bulk after the others."""
        one_by_one = requests.in_states(self._store, [State.RECEIVED], queued=False)
        return one_by_one + requests.in_states(self._store, [State.RECEIVED], queued=True)

    def by_state(self, *states: State) -> tuple[str, ...]:
        """Name the requests in any of these states, in the order they came."""
        return requests.in_states(self._store, [State(state) for state in states])

    def under_legal_hold(self) -> tuple[str, ...]:
        """Name the requests under legal hold, in the order they came."""
        return requests.under_hold(self._store)

    # What goes out

    def version(self) -> str:
        """Give a token that changes whenever an export would differ. Cheap: for sensors and watchers."""
        with self._store.reading() as connection:
            return publishing.version(connection)

    def export(
        self,
        folder: str | Path,
        *,
        actor: str,
        now: datetime,
        background: Iterable[Sequence[str]] = (),
        unsafe_allow_lost: bool = False,
    ) -> Register:
        """Write the newest version into a folder, unless it is there; see `publishing`."""
        return publishing.export(
            self._store, Path(folder), actor=actor, now=now, background=background, unsafe_allow_lost=unsafe_allow_lost
        )

    def answer(
        self,
        text: str,
        *,
        register: Register,
        asker: str,
        now: datetime,
        datasets: Sequence[str] = (),
        thresholds: Thresholds | None = None,
    ) -> Answer:
        """Tell in one word whether a text is among the works of a register; see `answers`."""
        return answers.answer(
            self._store, text, register=register, asker=asker, now=now, datasets=datasets, thresholds=thresholds
        )

    def facts(self, now: datetime) -> dict[str, Any]:
        """Gather the public facts; see `statistics.facts`."""
        with self._store.reading() as connection:
            return statistics.facts(connection, now)

    # The log, what is personal, and the key

    def log_head(self) -> LogHead:
        """Give the length of the log and the hash of its last row."""
        with self._store.reading() as connection:
            return access_log.head_of(connection)

    def verify_log(self, *, since: tuple[int, str] | None = None) -> LogHead:
        """Recompute the log's chain and what it says of every event; the heads that exports had must be in it.

        Args:
            since: a head known from elsewhere (an export's facts, a manifest) that must be in it.

        Raises:
            RegisterError: names the first row that is broken.
        """
        known = access_log.LogHead(*since) if since is not None else None
        with self._store.reading() as connection:
            return access_log.verify(connection, since=known)

    def note(self, action: str, about: str, *, actor: str, now: datetime, reason: str = "") -> LogHead:
        """Write a row of the log about something that happened outside the database: a receipt read, a file shown."""
        if action in set(Act):
            raise RegisterError(f"{action} is what happens to a request: use its method")
        with self._store.writing() as connection:
            return access_log.append(
                connection,
                at=ticks(now),
                actor=actor,
                action=access_log.one_line("action", action, needed=True),
                about=access_log.one_line("object", about, needed=True),
                reason=reason,
            )

    def personal(self, reference: str, *, actor: str, reason: str, now: datetime) -> PersonalData:
        """Read who filed a request; logged."""
        return personal.personal_data(self._store, reference, actor=actor, reason=reason, now=now)

    def sealed_copies(self, reference: str, *, actor: str, reason: str, now: datetime) -> tuple[str, ...]:
        """Read the works kept with a request; logged."""
        return personal.sealed_copies(self._store, reference, actor=actor, reason=reason, now=now)

    def erase_expired(self, *, actor: str, now: datetime) -> int:
        """Delete personal data and sealed copies whose time is over, and tell how many; logged.

        What belongs to a request under legal hold stays.
        """
        return personal.erase_expired(self._store, actor=actor, now=now)

    def rotate(self, new: Key, *, actor: str, now: datetime) -> None:
        """Seal everything with another key, whole or not at all; logged. This object goes on with the new one."""
        rotation.rotate(self._store, new, actor=actor, now=now)
