"""The store: parts that are only ever added, and versions that name the parts they consist of.

    DIR/HEAD                        digest of the newest version
    DIR/versions/<digest>.json      the parts of a version, in order; its digest is the SHA-256 of this file
    DIR/parts/captures-<digest>.parquet   one row per capture (`model.CAPTURES`)
    DIR/parts/bodies-<digest>.arrow       one row per distinct body, sorted by SHA-256, memory-mapped

Every file is written under another name and moved into place; nothing written is ever changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import tempfile
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.errors import SnapshotError
from rightful.files import digest_of, write_whole
from rightful.snapshot.model import CAPTURES, Capture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

FORMAT = 1
_BODIES = pa.schema([("sha256", pa.binary(32)), ("body", pa.large_binary())])


def open_snapshot(path: str | Path, digest: str | None = None) -> Snapshot:
    """Open the newest version of a store, or the one named by `digest`."""
    return Snapshot.open(path, digest)


class Snapshot:
    """An immutable set of captures. Equal digests mean equal captures and equal bodies.

    Attributes:
        path: the store it lives in.
        digest: `sha256:<hex>` of the version file.
    """

    def __init__(self, path: Path, digest: str, version: dict[str, Any]) -> None:
        self.path = path
        self.digest = digest
        self._version = version

    @classmethod
    def open(cls, path: str | Path, digest: str | None = None) -> Snapshot:
        """Open a store.

        Raises:
            SnapshotError: there is no store, no such version, or the version file was altered.
        """
        root = Path(path)
        name = (digest or _head(root)).removeprefix("sha256:")
        file = root / "versions" / f"{name}.json"
        try:
            octets = file.read_bytes()
        except OSError as error:
            raise SnapshotError(
                f"no snapshot version {name[:12]} in {root}",
                hint="rightful snapshot show DIR lists the versions of a store",
                path=str(root),
            ) from error
        if hashlib.sha256(octets).hexdigest() != name:
            raise SnapshotError(f"{file} was altered: its content is not what its name says", path=str(file))
        version = json.loads(octets)
        if version.get("format") != FORMAT:
            raise SnapshotError(f"{file} has format {version.get('format')}, this version reads {FORMAT}")
        return cls(root, f"sha256:{name}", version)

    def __reduce__(self) -> tuple[Any, ...]:
        return open_snapshot, (str(self.path.resolve()), self.digest)

    def __len__(self) -> int:
        return sum(part["rows"] for part in self._version["parts"])

    def __repr__(self) -> str:
        return f"Snapshot({str(self.path)!r}, {self.digest[:19]}…, {len(self)} captures)"

    @property
    def as_of(self) -> datetime | None:
        """Time of the newest capture: what "now" means for decisions made with this snapshot."""
        value = self._version["as_of"]
        if value is None:
            return None
        moment: datetime = pa.scalar(value, pa.timestamp("s", tz="UTC")).as_py()
        return moment

    @property
    def files(self) -> list[Path]:
        """Every file this version consists of."""
        parts = self.path / "parts"
        names = [part[key] for part in self._version["parts"] for key in ("captures", "bodies")]
        return [self.path / "versions" / f"{self.digest[7:]}.json", *(parts / name for name in names)]

    @cached_property
    def captures(self) -> pa.Table:
        """All captures, sorted by origin, signal and time (`model.CAPTURES`); unknown times come first."""
        tables = [pq.read_table(self._part(part["captures"]), schema=CAPTURES) for part in self._version["parts"]]
        table = pa.concat_tables(tables) if tables else CAPTURES.empty_table()
        order = pc.sort_indices(
            table,
            sort_keys=[
                ("origin", "ascending", "at_start"),
                ("signal", "ascending", "at_start"),
                ("fetched_at", "ascending", "at_start"),
                ("body_sha256", "ascending", "at_start"),
            ],
        )
        return table.take(order).combine_chunks()

    @cached_property
    def _bodies(self) -> list[tuple[np.ndarray, pa.Array]]:
        found = []
        for part in self._version["parts"]:
            with pa.memory_map(str(self._part(part["bodies"]))) as source:
                table = pa.ipc.open_file(source).read_all()
            if table.num_rows:
                keys = np.frombuffer(b"".join(key[:8] for key in table["sha256"].to_pylist()), dtype=">u8").astype(
                    np.uint64
                )
                found.append((keys, table.combine_chunks().column("body").chunk(0)))
        return found

    def body(self, sha256: str) -> bytes:
        """Give the bytes of a body.

        Raises:
            SnapshotError: the snapshot holds no body of that digest, or it was altered.
        """
        wanted = np.uint64(int(sha256[:16], 16))
        for keys, bodies in self._bodies:
            at = int(np.searchsorted(keys, wanted))
            while at < len(keys) and keys[at] == wanted:
                octets: bytes = bodies[at].as_py()
                if hashlib.sha256(octets).hexdigest() == sha256:
                    return octets
                at += 1
        raise SnapshotError(f"no body {sha256[:12]}… in {self.path}: the snapshot was altered", path=str(self.path))

    def _part(self, name: str) -> Path:
        file = self.path / "parts" / name
        if not file.exists():
            raise SnapshotError(f"{file} is missing: the snapshot is not whole", path=str(file))
        return file

    def verify(self) -> None:
        """Recompute every digest.

        Raises:
            SnapshotError: naming the first file that is not what its name says.
        """
        for file in self.files[1:]:
            if digest_of(file) != file.stem.partition("-")[2]:
                raise SnapshotError(f"{file} was altered: its content is not what its name says", path=str(file))


def _head(root: Path) -> str:
    try:
        return (root / "HEAD").read_text(encoding="ascii").strip()
    except OSError as error:
        raise SnapshotError(
            f"{root} is no snapshot store",
            hint="make one with: rightful capture, or rightful snapshot import FILE --out DIR",
            path=str(root),
        ) from error


def add_captures(path: str | Path, captures: Iterable[Capture]) -> Snapshot:
    """Add captures to a store, made if there is none, as one new version; nothing to add changes nothing."""
    root = Path(path)
    rows: list[dict[str, Any]] = []
    bodies: dict[bytes, bytes] = {}
    for capture in captures:
        digest = None
        if capture.body is not None:
            digest = hashlib.sha256(capture.body)
            bodies[digest.digest()] = capture.body
        rows.append(
            {name: getattr(capture, name, None) for name in CAPTURES.names}
            | {
                "redirects": list(capture.redirects),
                "body_sha256": digest and digest.hexdigest(),
                "body_octets": None if capture.body is None else len(capture.body),
            }
        )
    return add_table(root, pa.Table.from_pylist(rows, schema=CAPTURES), bodies)


def add_table(root: Path, captures: pa.Table, bodies: dict[bytes, bytes], *, as_of: datetime | None = None) -> Snapshot:
    """Add a table of captures (`model.CAPTURES`) and the bodies it names, as one new version.

    `as_of` is given where the table is a part of a snapshot whose newest capture it may lack.
    """
    with _locked(root):
        older = Snapshot.open(root) if (root / "HEAD").exists() else None
        if not captures.num_rows and older is not None:
            return older
        parts = list(older._version["parts"]) if older else []  # noqa: SLF001 - same class family
        times = [older.as_of] if older and older.as_of else []
        if captures.num_rows:
            part = _write_part(root, captures, bodies)
            if older is not None and part in parts:
                return older  # the very same captures once more, as when an import is tried again
            parts.append(part)
            newest = pc.max(captures["fetched_at"]).as_py()
            times += [newest] if newest else []
        times += [as_of] if as_of else []
        newest_time = int(max(times).timestamp()) if times else None
        version = {"format": FORMAT, "as_of": newest_time, "parts": parts}
        octets = (json.dumps(version, indent=1, sort_keys=True) + "\n").encode()
        name = hashlib.sha256(octets).hexdigest()
        write_whole(root / "versions" / f"{name}.json", octets)
        write_whole(root / "HEAD", f"{name}\n".encode("ascii"))
        return Snapshot.open(root, name)


def _write_part(root: Path, captures: pa.Table, bodies: dict[bytes, bytes]) -> dict[str, Any]:
    keys = sorted(bodies)
    table = pa.table(
        [pa.array(keys, pa.binary(32)), pa.array((bodies[k] for k in keys), pa.large_binary())],
        schema=_BODIES,
    )
    parts = root / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parts, prefix=".part-") as scratch:
        pq.write_table(captures, f"{scratch}/captures", compression="zstd")
        with pa.OSFile(f"{scratch}/bodies", "wb") as sink, pa.ipc.new_file(sink, _BODIES) as writer:
            writer.write_table(table)
        names = {}
        for kind, suffix in (("captures", "parquet"), ("bodies", "arrow")):
            made = Path(scratch, kind)
            names[kind] = f"{kind}-{digest_of(made)}.{suffix}"
            made.replace(parts / names[kind])
    return {**names, "rows": captures.num_rows, "distinct_bodies": len(keys)}


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Let one writer at a time move HEAD; readers need no lock, for nothing they read changes."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def versions(path: str | Path) -> list[Snapshot]:
    """List the versions of a store, fewest captures first."""
    root = Path(path)
    _head(root)
    found = [Snapshot.open(root, file.stem) for file in (root / "versions").glob("*.json")]
    return sorted(found, key=len)
