"""HTTP messages as archives keep them: status, headers, and the body freed of its codings.

Archives differ in what they keep: the octets of the wire; or the body decoded and the headers as they were. So a body
that is not in the coding its headers name, and is text, is taken for decoded; one that is neither cannot be read.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from rightful.signals.header_forms import unfolded
from rightful.snapshot.answers import UnreadableAnswerError
from rightful.snapshot.warc_octets import GZIP_FORMAT, GZIP_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?![^ \t\r\n])", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LOOKED_AT = 4_096


@dataclass(frozen=True, slots=True)
class Message:
    """The head of a response.

    Attributes:
        status: its status code.
        headers: names and values as received, in order; one character per octet (RFC 9110 5.5).
        length: octets of the head, up to where the body begins.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    length: int

    def values(self, name: str) -> list[str]:
        """List the values of a header, whatever the case of its name."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def media_type(self) -> str | None:
        """Type and subtype of the body, lower-case; None where the headers name none. The last one counts (Fetch)."""
        named = [essence for value in self.values("content-type") if (essence := media_type(value))]
        return named[-1] if named else None


def parse_message(octets: bytes) -> Message | None:
    """Read the head of a response (RFC 9112 2); None where it is no response, or its head has no end.

    Lines may end with a line feed alone (2.2), and fold into the next (5.2): a server that writes so still says so.
    """
    status = _STATUS_LINE.match(octets)
    end = _HEAD_END.search(octets)
    if status is None or end is None:
        return None
    lines = unfolded(octets[: end.start()].decode("latin-1"))[1:]
    parts = (line.partition(":") for line in lines)
    headers = [(name.strip(), value.strip()) for name, colon, value in parts if colon]
    return Message(int(status[1]), tuple(headers), end.end())


def media_type(value: str) -> str | None:
    """Give type and subtype of a Content-Type, lower-case; None where it names none."""
    essence = value.partition(";")[0].strip().lower()
    return essence if re.fullmatch(r"[!-.0-~]+/[!-.0-~]+", essence) else None


def decoded_body(message: Message, octets: bytes, limit: int, *, whole: bool = True) -> tuple[bytes, bool]:
    """Free a body of transfer and content codings (RFC 9112 7, RFC 9110 8.4).

    Args:
        message: the head it came with.
        octets: the body as archived.
        limit: octets given at most; compression that makes a body larger is an attack on the reader.
        whole: whether `octets` is all that the server sent.

    Returns:
        At most `limit` octets, and whether that is all of the body.

    Raises:
        UnreadableAnswerError: a coding is not known, or is broken.
    """
    if any("chunked" in value.lower() for value in message.values("transfer-encoding")):
        octets, ended = _dechunked(octets)
        if whole and not ended:
            raise UnreadableAnswerError("transfer coding broken off")
    codings = [
        coding
        for value in message.values("content-encoding")
        for part in value.split(",")
        if (coding := part.strip().lower()) not in {"", "identity"}
    ]
    for coding in reversed(codings if octets else []):
        try:
            octets, all_of_it = _DECODERS[coding](octets, limit)
        except KeyError:
            raise UnreadableAnswerError("content coding that is not known") from None
        except (zlib.error, OSError):
            if not _is_text(octets):
                raise UnreadableAnswerError("content coding broken") from None
        else:
            whole = whole and all_of_it
    return octets[:limit], whole and len(octets) <= limit


def _dechunked(octets: bytes) -> tuple[bytes, bool]:
    """Join chunks; the second value says whether the last one was there. What does not begin as one is no chunk."""
    body = bytearray()
    at = 0
    while size := _CHUNK_SIZE.match(octets, at):
        length = int(size[1], 16)
        if length == 0:
            return bytes(body), True
        body += octets[size.end() : size.end() + length]
        at = size.end() + length
        ending = _LINE_END.match(octets, at)
        if ending is None:
            break
        at = ending.end()
    return (octets, True) if at == 0 else (bytes(body), False)


def _gunzipped(octets: bytes, limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    while octets.startswith(GZIP_MAGIC) and len(body) <= limit:
        part, octets = _inflated(octets, GZIP_FORMAT, limit + 1 - len(body))
        body += part
    if not body and octets:
        raise zlib.error("no gzip")
    return bytes(body), len(body) <= limit


def _undeflated(octets: bytes, limit: int) -> tuple[bytes, bool]:
    """RFC 9110 8.4.1.2: zlib's format, or, as some servers have it, what is inside of that."""
    try:
        body, _ = _inflated(octets, zlib.MAX_WBITS, limit + 1)
    except zlib.error:
        body, _ = _inflated(octets, -zlib.MAX_WBITS, limit + 1)
    return body, len(body) <= limit


def _inflated(octets: bytes, form: int, limit: int) -> tuple[bytes, bytes]:
    """Unpack one stream up to a limit, and give what follows it."""
    stream = zlib.decompressobj(form)
    body = stream.decompress(octets, limit)
    if not stream.eof and len(body) < limit:
        raise zlib.error("ends too early")
    return body, stream.unused_data


def _unbrotlied(octets: bytes, limit: int) -> tuple[bytes, bool]:
    from fastwarc.stream_io import BrotliReader  # noqa: PLC0415 - an extra: where it is used

    return _all_of(BrotliReader(BytesIO(octets)).read, limit)


def _unzstd(octets: bytes, limit: int) -> tuple[bytes, bool]:
    from fastwarc.stream_io import ZstdReader  # noqa: PLC0415 - an extra: where it is used

    return _all_of(ZstdReader(BytesIO(octets)).read, limit)


def _all_of(read: Callable[[int], bytes], limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    while len(body) <= limit and (part := read(limit + 1 - len(body))):
        body += part
    return bytes(body), len(body) <= limit


_DECODERS = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _undeflated,
    "br": _unbrotlied,
    "zstd": _unzstd,
}


def _is_text(octets: bytes) -> bool:
    """Tell whether octets are UTF-8 text, so that they cannot be what a compressor wrote."""
    start = octets[:_LOOKED_AT]
    if _CONTROL.search(start):
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(start) - 4 and len(octets) > len(start)  # cut within a character by us
    return bool(start)
