"""WARC files as crawlers write them, made with warcio: what the tests of reading them share."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import pyarrow as pa
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

if TYPE_CHECKING:
    from pathlib import Path

NOON = "2026-02-01T12:00:00Z"
PAGE = b"<!doctype html><html><head><title>A title</title></head><body><p>Some words of a page.</p></body></html>"
HTML = ("Content-Type", "text/html; charset=utf-8")
TEXT = ("Content-Type", "text/plain")


def gzipped(octets: bytes) -> bytes:
    """Compress without a time, so that the same octets are the same in every process."""
    return gzip.compress(octets, mtime=0)


@dataclass
class Archive:
    """Records in the making, one call each; `headers` are HTTP's, `fields` those of the record."""

    records: list[bytes] = field(default_factory=list)

    def response(self, url, body=PAGE, *headers, status="200 OK", kind="response", moment=NOON, **fields) -> Archive:
        http = StatusAndHeaders(status, list(headers or [HTML]), protocol="HTTP/1.1")
        return self._add(kind, url, body, {"WARC-Date": moment, **_named(fields)}, http_headers=http)

    def robots(self, url, body=b"User-agent: *\nDisallow:\n", **how) -> Archive:
        return self.response(url, body, TEXT, **how)

    def resource(self, url, body=PAGE, media="text/html", moment=NOON) -> Archive:
        return self._add("resource", url, body, {"WARC-Date": moment}, warc_content_type=media)

    def other(self, kind, url="", body=b"", media="application/warc-fields", **fields) -> Archive:
        return self._add(kind, url, body, {"WARC-Date": NOON, **_named(fields)}, warc_content_type=media)

    def octets(self, block, url, kind="response", moment=NOON) -> Archive:
        """Add a record whose block is what it is, well-formed or not."""
        head = (
            f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{len(self.records)}>\r\n"
            f"WARC-Target-URI: {url}\r\nWARC-Date: {moment}\r\nContent-Type: application/http; msgtype=response\r\n"
            f"Content-Length: {len(block)}\r\n\r\n"
        )
        self.records.append(head.encode() + block + b"\r\n\r\n")
        return self

    def write(self, path: Path) -> Path:
        """Write them: a gzip member a record, one for the file (`.whole.warc.gz`), zstd or plain, by the name."""
        plain = b"".join(self.records)
        if path.name.endswith(".whole.warc.gz"):
            path.write_bytes(gzipped(plain))
        elif path.suffix == ".gz":
            path.write_bytes(b"".join(gzipped(record) for record in self.records))
        else:
            path.write_bytes(pa.Codec("zstd").compress(plain, asbytes=True) if path.suffix == ".zst" else plain)
        return path

    def _add(self, kind, url, body, fields, **how) -> Archive:
        made = BytesIO()
        writer = WARCWriter(made, gzip=False, warc_version="WARC/1.1")
        # With the length, or warcio puts the body into a temporary file and leaves it open.
        how["length"] = len(body)
        writer.write_record(writer.create_warc_record(url, kind, BytesIO(body), warc_headers_dict=fields, **how))
        self.records.append(made.getvalue())
        return self


def _named(fields):
    return {f"WARC-{name.replace('_', '-').title()}": value for name, value in fields.items()}
