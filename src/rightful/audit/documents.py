"""The documents that a policy's evidence refers to: stored by digest, or, confidential, known by digest alone.

    DIR/<SHA-256>    the octets of a document
    DIR/index.json   what each is called, and what is confidential: sorted by digest, one spelling

A policy names evidence by digest, so that nobody has to hand a contract around to show later which one was meant.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mimetypes
import re
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rightful.errors import InputError
from rightful.files import digest_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.policy.policy import Policy

FORMAT = 1
INDEX = "index.json"
_HEX = re.compile(r"[0-9a-f]{64}")
State = Literal["found", "only digest", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        sha256: its digest, in hex.
        added_at: when it was added (ISO 8601, UTC).
        note: what it is, in words for whoever reads the policy.
        name, media_type, octets: of the file; not kept where it is confidential.
        confidential: its octets are not stored.
        custodian: who keeps a confidential one.
    """

    sha256: str
    added_at: str
    note: str = ""
    name: str = ""
    media_type: str = ""
    octets: int | None = None
    confidential: bool = False
    custodian: str = ""

    @property
    def reference(self) -> str:
        """What a policy names it by."""
        told = self.note or self.name
        return f"sha256:{self.sha256}{' ' if told else ''}{told}"


@dataclass(frozen=True, slots=True)
class Referred:
    """One reference of a policy, and what the store has of it.

    Attributes:
        where: the setting that names it, such as `source web`.
        reference: as the policy has it.
        state: whether its document is there.
        document: its entry in the index, if any.
    """

    where: str
    reference: str
    state: State
    document: Document | None


class Documents:
    """A folder of documents; made when something is added.

    Args:
        folder: where.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def listed(self) -> list[Document]:
        """Read the index, by digest.

        Raises:
            InputError: it is no index.
        """
        file = self.folder / INDEX
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
            if raw["format"] != FORMAT:
                raise InputError(f"{file} has format {raw['format']}, this version reads {FORMAT}", file=str(file))
            found = [Document(**row) for row in raw["documents"]]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{file} cannot be read: {error}",
                hint="bring it back from a copy; without it, add the documents again, confidential ones too",
                file=str(file),
            ) from error
        if odd := [each for each in found if not _HEX.fullmatch(each.sha256)]:
            raise InputError(f"{file}: {odd[0].sha256!r} is no SHA-256 in hex", file=str(file))
        return sorted(found, key=lambda each: each.sha256)

    def add(self, file: str | Path, *, note: str = "", custodian: str = "", now: datetime | None = None) -> Document:
        """Store a document, or of a confidential one its digest. The same octets twice are no change.

        Args:
            file: the document.
            note: what it is, on one line; policies carry it with the reference.
            custodian: who keeps it, if it is confidential.
            now: the time to note; by default the clock's.

        Raises:
            InputError: the file cannot be read, the note is no line of text, or the document is there otherwise.
        """
        path = Path(file)
        if not note.isprintable() or note != note.strip():
            raise InputError(f"the note {note!r} is not one line of text", hint="leave out line breaks and tabs")
        try:
            octets = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error}", file=str(path)) from error
        digest = hashlib.sha256(octets).hexdigest()
        stamp = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        if custodian:
            made = Document(digest, stamp, note, confidential=True, custodian=custodian)
        else:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            made = Document(digest, stamp, note, _line(path.name), kind, len(octets))
        with self._alone():
            listed = {each.sha256: each for each in self.listed()}
            known = listed.get(digest)
            if known is not None:
                self._refuse_other(known, made, path)
            if not made.confidential and self.state_of(digest, known) != "found":
                write_whole(self.folder / digest, octets)
            if known is None:
                self._write({**listed, digest: made})
        return known or made

    def _refuse_other(self, known: Document, made: Document, path: Path) -> None:
        if known.confidential and not made.confidential:
            raise InputError(
                f"{path} is listed as confidential in {self.folder / INDEX}: {known.custodian} keeps it",
                hint="if it is so no more, take its entry out of the index and add it again",
                file=str(path),
            )
        if made.confidential and not known.confidential:
            raise InputError(
                f"{path} is stored with its octets already: {self.folder / known.sha256}",
                hint="if it is confidential, delete that file and its entry in the index, and add it again",
                file=str(path),
            )

    def _write(self, documents: dict[str, Document]) -> None:
        rows = [asdict(documents[digest]) for digest in sorted(documents)]
        text = json.dumps({"format": FORMAT, "documents": rows}, indent=1, sort_keys=True, ensure_ascii=False)
        write_whole(self.folder / INDEX, f"{text}\n".encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one at a time change the index."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written: {error}", file=str(self.folder)) from error

    def state_of(self, digest: str, document: Document | None) -> State:
        """Say whether a document is there, and is what its name says."""
        file = self.folder / digest
        if file.is_file():
            return "found" if digest_of(file) == digest else "damaged"
        return "only digest" if document is not None and document.confidential else "missing"

    def referred(self, policy: Policy) -> list[Referred]:
        """Look for every document that a policy refers to, in the order in which it does."""
        listed = {each.sha256: each for each in self.listed()}
        found = []
        for where, reference in references_of(policy):
            digest = reference.removeprefix("sha256:")[:64]
            document = listed.get(digest)
            found.append(Referred(where, reference, self.state_of(digest, document), document))
        return found


def references_of(policy: Policy) -> Iterator[tuple[str, str]]:
    """Give every reference to evidence with the section that names it."""
    yield from (("scenario", reference) for reference in policy.scenario.evidence)
    for source in policy.sources:
        yield from ((f"source {source.name}", reference) for reference in source.evidence)
        if source.contract is not None:
            yield from ((f"source {source.name}, contract", reference) for reference in source.contract.evidence)
    for contract in policy.contracts:
        yield from ((f"contract {contract.name}", reference) for reference in contract.evidence)


def _line(name: str) -> str:
    """Give a file's name as one line of text, whatever octets it is made of."""
    readable = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in readable)
