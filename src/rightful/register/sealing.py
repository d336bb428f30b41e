"""What the register keeps from those who can read its file: sealing, and look-ups that need the key.

One master key of 32 octets. HKDF-SHA256 derives from it the key that seals (AES-256-GCM, a random nonce each) and the
key of look-ups (HMAC-SHA256). A sealed value carries the id of its key, so that a wrong key is named and not guessed
at; its context (what it is, of which request) is authenticated with it, so that none can be moved to another request.
Nothing in the database is an unkeyed function of a text: without the key nobody can test whether a work is there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from rightful.errors import MissingExtraError, RegisterError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError as error:
    raise MissingExtraError.named("register", needs="cryptography") from error

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "RIGHTFUL_REGISTER_KEY"
FILE_VARIABLE = "RIGHTFUL_REGISTER_KEY_FILE"
_OCTETS = 32
_FORM = b"\x01"
_ID_OCTETS, _NONCE_OCTETS = 8, 12
_HEAD = len(_FORM) + _ID_OCTETS + _NONCE_OCTETS
_OTHERS = 0o077


class Key:
    """The master key of a register.

    Args:
        octets: 32 of them, random.

    Attributes:
        id: 16 hex digits that name the key and tell nothing about it.
    """

    __slots__ = ("_aead", "_lookup", "id", "works_key")

    def __init__(self, octets: bytes) -> None:
        if len(octets) != _OCTETS:
            raise RegisterError(f"a register's key has {_OCTETS} octets, not {len(octets)}", hint=_HINT)
        self._aead = AESGCM(_derived(octets, b"seal"))
        self._lookup = _derived(octets, b"lookup")
        self.works_key = _derived(octets, b"fingerprints of works")
        self.id = _derived(octets, b"id")[:_ID_OCTETS].hex()

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not pickled: give the other process its file or its environment")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Key:
        """Take the key from RIGHTFUL_REGISTER_KEY (base64) or from the file RIGHTFUL_REGISTER_KEY_FILE names.

        Raises:
            RegisterError: neither is set, both are, or what is there is no key.
        """
        written, file = environment.get(VARIABLE), environment.get(FILE_VARIABLE)
        if written and file:
            raise RegisterError(f"both {VARIABLE} and {FILE_VARIABLE} are set", hint="set one of them")
        if file:
            return cls.from_file(file)
        if not written:
            raise RegisterError("no key for the opt-out register", hint=_HINT)
        return cls(_octets(written, VARIABLE))

    @classmethod
    def from_file(cls, path: str | Path) -> Key:
        """Read a file that `create` wrote.

        Raises:
            RegisterError: there is none, others than its owner may read it, or it holds no key.
        """
        file = Path(path)
        try:
            with file.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                written = stream.read(1024)
        except OSError as error:
            raise RegisterError(f"{file} cannot be read: {error.strerror}", hint=_HINT, file=str(file)) from error
        if mode & _OTHERS:
            raise RegisterError(
                f"{file} may be read by others than its owner", hint=f"chmod 600 {file}", file=str(file)
            )
        return cls(_octets(written.decode("ascii", "replace"), str(file)))

    @classmethod
    def create(cls, path: str | Path) -> Key:
        """Make a new key and write it where only its owner can read it; an existing file is never overwritten.

        Raises:
            RegisterError: the file exists, or cannot be written.
        """
        file = Path(path)
        octets = secrets.token_bytes(_OCTETS)
        try:
            if not file.parent.is_dir():
                file.parent.mkdir(parents=True)
        except OSError as error:
            raise RegisterError(f"{file.parent} cannot be made: {error.strerror}", file=str(file)) from error
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(base64.b64encode(octets) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError as error:
            raise RegisterError(
                f"{file} exists, and a key is never overwritten",
                hint="what was sealed with a key that is lost is lost: choose another name",
                file=str(file),
            ) from error
        except OSError as error:
            raise RegisterError(f"{file} cannot be written: {error.strerror}", file=str(file)) from error
        return cls(octets)

    def seal(self, octets: bytes, context: str) -> bytes:
        """Encrypt a value for one place; `context` says which."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _FORM + bytes.fromhex(self.id) + nonce + self._aead.encrypt(nonce, octets, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt a value of that context.

        Raises:
            RegisterError: it was sealed with another key, is altered, or belongs elsewhere.
        """
        sealed = bytes(sealed)
        if sealed[:1] != _FORM or len(sealed) < _HEAD:
            raise RegisterError(f"a sealed value was altered: {context}", context=context)
        named = sealed[1 : 1 + _ID_OCTETS].hex()
        if named != self.id:
            raise RegisterError(f"sealed with key {named}, not with {self.id}: {context}", hint=_HINT, context=context)
        try:
            return self._aead.decrypt(sealed[1 + _ID_OCTETS : _HEAD], sealed[_HEAD:], context.encode())
        except InvalidTag as error:
            raise RegisterError(f"a sealed value was altered: {context}", context=context) from error

    def lookup(self, purpose: str, value: bytes) -> str:
        """Give the name a value is found by: equal for equal values, and nothing without the key. Hex."""
        return hmac.new(self._lookup, purpose.encode() + b"\0" + value, hashlib.sha256).hexdigest()


def _derived(octets: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _OCTETS, salt=None, info=b"rightful opt-out register 1: " + purpose).derive(octets)


def _octets(written: str, where: str) -> bytes:
    try:
        return base64.b64decode(written.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RegisterError(f"{where} holds no key: 32 octets in base64", hint=_HINT) from error


_HINT = f"set {VARIABLE} (32 octets in base64) or {FILE_VARIABLE}; a new one: rightful optout keys new FILE"
