"""Receipts: one signed statement for each request that took records out of a run.

A receipt says which request, which versions, how many records and from which shards, and what the test after the build
found. It has no text, no URL and nobody's name. It is signed with ed25519 (RFC 8032), which is deterministic: the same
withdrawal gives the same receipts. They lie outside the run, for a request's reference is for whoever filed it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.errors import InputError, MissingExtraError, VerificationError
from rightful.files import write_whole
from rightful.ledger.checksums import read_checksums
from rightful.ledger.run_directory import MANIFEST, WITHDRAWAL, RunDirectory
from rightful.withdrawal.totals import read_withdrawal, reference_digest, totals_in

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )
except ImportError as error:
    raise MissingExtraError.named("register", needs="cryptography") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rightful.register.export import Register
    from rightful.withdrawal.exposure import Exposure

FORMAT = "rightful receipt 1"
_ROOT_DIGITS = 12  # of a version's root, in names of files: a folder may have receipts of several
# References name files as they are where that is safe, and the name is not that of another file of ours.
_FILE_NAME = re.compile(r"(?!exposure$|[0-9a-f]{64}$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.IGNORECASE).fullmatch
_ALGORITHM = "ed25519"


def receipt_key(path: str | Path, *, make: bool = False) -> Ed25519PrivateKey:
    """Read the key that signs receipts; with `make`, make it where there is none, and its public half beside it.

    The file is for its owner alone (mode 0600); `<path>.pub` is for whoever verifies.

    Raises:
        InputError: there is no such file, or it holds no ed25519 key.
    """
    file = Path(path)
    if make and not file.exists():
        made = Ed25519PrivateKey.generate()
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_whole(file.with_name(f"{file.name}.pub"), public)
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{file} holds no key to sign receipts with",
            hint="an ed25519 key as PEM (PKCS #8); one is made with --make-key",
            file=str(file),
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{file} holds a key of another kind than ed25519", file=str(file))
    return key


def write_receipts(
    folder: Path,
    before: RunDirectory,
    after: RunDirectory,
    register: Register,
    *,
    key: Ed25519PrivateKey,
    exposed: Sequence[Exposure] | None,
) -> tuple[Path, ...]:
    """Write a receipt for every request that took anything out of a run.

    Args:
        folder: where to; not in a run.
        before: the version that has the records.
        after: the next one.
        register: the register that was applied.
        key: signs them.
        exposed: models that were trained on what was removed; they are told in a file of their own.

    Raises:
        InputError: the folder is in a run, whose files are published.
    """
    target = folder.resolve()
    for run in (before.root.resolve(), after.root.resolve()):
        if target.is_relative_to(run):
            raise InputError(f"{folder} lies in {run}, and receipts are not published with a data set")
    told = read_withdrawal(after)
    files = []
    requests = {name: records for name, records in totals_in(after, told).requests.items() if name}
    for reference, records in requests.items():
        receipt = {
            "format": FORMAT,
            "reference": reference,
            "register": told["register"],
            "log": register.facts.get("log"),
            "earlier": {name: told["earlier"][name] for name in ("manifest_sha256", "root")},
            "version": {"manifest_sha256": _manifest_digest(after), "root": after.manifest.root},
            "records_removed": records,
            "shards": sorted(path for path, of in told["shards"].items() if of["removed"]),
            "absence_test": told["absence_test"],
            "at": told["at"],
        }
        signed = {
            "receipt": receipt,
            "signature": {
                "algorithm": _ALGORITHM,
                "public_key": base64.b64encode(_raw(key.public_key())).decode(),
                "value": base64.b64encode(key.sign(_canonical(receipt))).decode(),
            },
        }
        named = reference if _FILE_NAME(reference) else reference_digest(reference)
        file = folder / f"{named}-{_short(after)}.json"
        write_whole(file, (json.dumps(signed, indent=1, sort_keys=True) + "\n").encode())
        files.append(file)
    if exposed is not None:
        models = [
            {"model": each.model, "version": each.version, "trained_on": each.trained_on, "at": each.at}
            for each in exposed
        ]
        by_request = {"version": after.manifest.root, "requests": dict.fromkeys(requests, models)}
        write_whole(
            folder / f"exposure-{_short(after)}.json",
            (json.dumps(by_request, indent=1, sort_keys=True) + "\n").encode(),
        )
    return tuple(files)


def _short(run: RunDirectory) -> str:
    return run.manifest.root.removeprefix("sha256:")[:_ROOT_DIGITS]


def verify_receipt(
    file: str | Path, public_key: str | Path | Ed25519PublicKey, *, run: str | Path | None = None
) -> dict[str, Any]:
    """Verify a receipt, and that a run is the version it speaks of, or one that was made of it later.

    Args:
        file: the receipt.
        public_key: PEM file of the key it must be signed with.
        run: a run directory; its own digests are `verify`'s to test.

    Returns:
        What the receipt states.

    Raises:
        VerificationError: it is no receipt, or not signed by that key, or the run is another one.
        InputError: a file cannot be read.
    """
    key = public_key if isinstance(public_key, Ed25519PublicKey) else _public_key(Path(public_key))
    try:
        signed = json.loads(Path(file).read_bytes())
        receipt, signature = signed["receipt"], signed["signature"]
        value = base64.b64decode(signature["value"], validate=True)
        form, algorithm = receipt["format"], signature["algorithm"]
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", file=str(file)) from error
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise VerificationError(f"{file} is no receipt: {type(error).__name__}", findings=[str(file)]) from error
    if (form, algorithm) != (FORMAT, _ALGORITHM):
        raise VerificationError(f"{file} is a receipt of another format", findings=[str(file)])
    try:
        key.verify(value, _canonical(receipt))
    except InvalidSignature as error:
        raise VerificationError(f"{file} was altered, or was signed with another key", findings=[str(file)]) from error
    findings = [] if run is None else list(_other_run(receipt, RunDirectory(run)))
    if findings:
        listed = "\n".join(f"  {finding}" for finding in findings)
        raise VerificationError(f"{run} is not what the receipt speaks of:\n{listed}", findings=findings)
    stated: dict[str, Any] = receipt
    return stated


def _other_run(receipt: dict[str, Any], run: RunDirectory) -> Iterator[str]:
    """Say how a run differs from what a receipt states of it."""
    stated = receipt["version"]
    own = {"manifest_sha256": _manifest_digest(run), "root": run.manifest.root}
    later = [each for each in run.manifest.earlier if all(each[name] == stated[name] for name in stated)]
    if own != stated and not later:
        yield "it is neither the version without the records nor made of it"
        return
    if read_checksums(run.root).get(MANIFEST) != own["manifest_sha256"]:
        yield f"{MANIFEST} was altered"
    if own != stated:
        return
    told = read_withdrawal(run)
    if told["requests"].get(reference_digest(receipt["reference"])) != receipt["records_removed"]:
        yield f"{WITHDRAWAL} tells another number of records of this request"
    for name in ("absence_test", "at", "register"):
        if told[name] != receipt[name]:
            yield f"{WITHDRAWAL} states {name} otherwise"


def _manifest_digest(run: RunDirectory) -> str:
    return hashlib.sha256((run.root / MANIFEST).read_bytes()).hexdigest()


def _canonical(receipt: dict[str, Any]) -> bytes:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _public_key(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{file} holds no public key", hint="the .pub beside the key", file=str(file)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{file} holds a key of another kind than ed25519", file=str(file))
    return key
