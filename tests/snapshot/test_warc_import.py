"""Captures out of WARC files: what signal files answered, and what they did not say, every record accounted for."""

import sys
import zlib
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.archives import HTML, NOON, PAGE, TEXT, Archive, gzipped

from rightful.errors import InputError, MissingExtraError
from rightful.signals.robots_txt.lines import PARSE_LIMIT_OCTETS
from rightful.snapshot.importing import import_captures
from rightful.snapshot.store import Snapshot

RULES = b"User-agent: *\nDisallow: /private/\n"
OTHERS = b"User-agent: *\nDisallow:\n"
SITE = "https://site.example"
FORMS = ["x.warc", "x.warc.gz", "x.whole.warc.gz", "x.warc.zst"]


def imported(archive, tmp_path, name="x.warc.gz"):
    report = import_captures(archive.write(tmp_path / name), tmp_path / "store")
    assert report.rows == len(archive.records) == report.outcomes.total() + report.left_out.total()
    return report, Snapshot.open(tmp_path / "store")


def rows(snapshot):
    """What was captured, by URL asked, with its body."""
    return {
        f"{row['origin']}/{row['signal']}": row
        | {"body": snapshot.body(row["body_sha256"]) if row["body_sha256"] else None}
        for row in snapshot.captures.to_pylist()
    }


def one(archive, tmp_path, url=f"{SITE}/robots.txt"):
    return rows(imported(archive, tmp_path)[1])[url]


@pytest.mark.parametrize("name", FORMS)
def test_every_signal_file_of_a_crawl_is_a_capture_and_the_rest_is_counted(tmp_path, name):
    signals = {
        "robots.txt": RULES,
        "ai.txt": b"User-Agent: *\nDisallow: /\n",
        ".well-known/tdmrep.json": b'[{"location": "/", "tdm-reservation": 1}]',
        "trust.txt": b"datatrainingallowed=no\n",
        ".well-known/trust.txt": b"datatrainingallowed=no\n",
    }
    archive = Archive().other("warcinfo", body=b"software: a crawler\r\n")
    for signal, body in signals.items():
        archive.response(f"{SITE}/{signal}", body, TEXT, moment="2026-02-01T12:34:56.789Z")
    archive.other(
        "request", f"{SITE}/robots.txt", b"GET /robots.txt HTTP/1.1\r\n\r\n", "application/http; msgtype=request"
    )
    archive.response(f"{SITE}/robots.txt?version=2", RULES).response(f"{SITE}/a/robots.txt", RULES).response(SITE)
    report, snapshot = imported(archive, tmp_path, name)
    found = rows(snapshot)
    assert {url.removeprefix(f"{SITE}/"): row["body"] for url, row in found.items()} == signals
    assert {row["fetched_at"] for row in found.values()} == {datetime(2026, 2, 1, 12, 34, 56, tzinfo=UTC)}
    assert report.outcomes == {"available (200)": 5}
    assert report.left_out == {"no answer of a server": 2, "not a signal file": 3}
    assert report.examples["not a signal file"] == f"record 8: '{SITE}/robots.txt?version=2'"


def test_it_gives_the_captures_that_the_same_files_in_a_table_give(tmp_path):
    """As Common Crawl has them, over http and https, found, missing, refused, failing, and a page in their place."""
    answers = [
        ("https://a.example/robots.txt", 200, RULES), ("http://a.example/robots.txt", 200, OTHERS),
        ("https://b.example:8443/robots.txt", 404, None), ("https://c.example/robots.txt", 403, None),
        ("https://d.example/robots.txt", 503, None), ("https://e.example/robots.txt", 200, PAGE),
        ("https://f.example/robots.txt", 200, b""), ("https://g.example/robots.txt", 200, b"\xff\xfeU\0"),
    ]  # fmt: skip
    archive = Archive()
    for url, status, body in answers:
        archive.robots(url, b"an error page" if body is None else body, status=f"{status} Told")
    table = pa.table(
        {
            "robots_url": [url for url, _, _ in answers],
            "status": [status for _, status, _ in answers],
            "body": pa.array([body for _, _, body in answers], pa.binary()),
            "fetched_at": [NOON] * len(answers),
        }
    )
    pq.write_table(table, tmp_path / "r.parquet")
    import_captures(tmp_path / "r.parquet", tmp_path / "of-the-table")
    _, snapshot = imported(archive, tmp_path)
    assert snapshot.captures.to_pylist() == Snapshot.open(tmp_path / "of-the-table").captures.to_pylist()
    assert set(snapshot.captures["outcome"].to_pylist()) == {"available", "unavailable", "unreachable"}


@pytest.mark.parametrize(
    ("coding", "octets"),
    [
        ("gzip", gzipped(RULES)), ("x-gzip", gzipped(RULES[:9]) + gzipped(RULES[9:])),
        ("deflate", zlib.compress(RULES)), ("deflate", zlib.compress(RULES)[2:-4]),
        ("br", b"\x8f\x10\x80" + RULES + b"\x03"), ("zstd", pa.Codec("zstd").compress(RULES, asbytes=True)),
        ("gzip", RULES), ("br", RULES), ("identity", RULES),
        ("gzip, gzip", gzipped(gzipped(RULES))),
    ],
)  # fmt: skip
def test_a_body_is_freed_of_its_codings_or_was_already(tmp_path, coding, octets):
    archive = Archive().response(f"{SITE}/robots.txt", octets, TEXT, ("Content-Encoding", coding))
    row = one(archive, tmp_path)
    assert (row["outcome"], row["body"]) == ("available", RULES)


@pytest.mark.parametrize("chunks", [b"4;x=y\r\nUser\r\n1e\r\n" + RULES[4:] + b"\r\n0\r\n\r\n", RULES])
def test_chunks_are_joined_or_were_already(tmp_path, chunks):
    archive = Archive().response(f"{SITE}/robots.txt", chunks, TEXT, ("Transfer-Encoding", "chunked"))
    assert one(archive, tmp_path)["body"] == RULES


@pytest.mark.parametrize(
    ("header", "octets", "error"),
    [
        (("Content-Encoding", "gzip"), gzipped(RULES)[:-12], "content coding broken"),
        (("Content-Encoding", "compress"), RULES, "content coding that is not known"),
        (("Content-Encoding", "br"), b"\x00\x01\x02", "content coding broken"),
        (("Transfer-Encoding", "chunked"), b"4\r\nUser\r\n1e\r\n", "transfer coding broken off"),
        (("Transfer-Encoding", "chunked"), b"4\r\nUser", "transfer coding broken off"),
    ],
)
def test_a_body_nobody_can_read_is_unreachable(tmp_path, header, octets, error):
    row = one(Archive().response(f"{SITE}/robots.txt", octets, TEXT, header), tmp_path)
    assert (row["outcome"], row["status"], row["error"], row["body"]) == ("unreachable", 200, error, None)


def test_what_is_no_http_message_is_unreachable(tmp_path):
    archive = Archive().octets(b"\x00garbage", f"{SITE}/robots.txt")
    archive.octets(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain", f"{SITE}/ai.txt")  # its head has no end
    found = rows(imported(archive, tmp_path)[1])
    assert [row["outcome"] for row in found.values()] == ["unreachable", "unreachable"]


def test_headers_with_bare_line_feeds_are_headers(tmp_path):
    archive = Archive().octets(b"HTTP/1.0 301 Moved\nLocation:\n /there\n\n", f"{SITE}/robots.txt")
    row = one(archive.robots(f"{SITE}/there", RULES), tmp_path)
    assert (row["redirects"], row["body"]) == ([f"{SITE}/there"], RULES)


def test_a_long_file_is_cut_at_the_parsing_limit_and_says_so(tmp_path):
    row = one(Archive().robots(f"{SITE}/robots.txt", b"#" * (PARSE_LIMIT_OCTETS + 1_000) + RULES), tmp_path)
    assert (row["outcome"], row["truncated"], row["body_octets"]) == ("available", True, PARSE_LIMIT_OCTETS + 1)
    packed = gzipped(b"#" * 50_000_000)
    coded = Archive().response(f"{SITE}/robots.txt", packed, TEXT, ("Content-Encoding", "gzip"))
    (tmp_path / "2").mkdir()
    row = one(coded, tmp_path / "2")
    assert (row["truncated"], row["body_octets"]) == (True, PARSE_LIMIT_OCTETS + 1)


@pytest.mark.parametrize("fields", [{"truncated": "disconnect"}, {"segment_number": "1"}])
def test_a_file_that_the_crawler_cut_may_have_refused_further_down(tmp_path, fields):
    row = one(Archive().robots(f"{SITE}/robots.txt", OTHERS, **fields), tmp_path)
    assert (row["outcome"], row["body"]) == ("unreachable", None)


def test_redirects_are_followed_within_the_file(tmp_path):
    moved = {"status": "301 Moved"}
    archive = Archive()
    archive.response("http://site.example/robots.txt", b"", ("Location", f"{SITE}/robots.txt"), **moved)
    archive.response(f"{SITE}/robots.txt", b"", ("Location", "/static/robots"), **moved)
    archive.robots(f"{SITE}/static/robots", RULES)
    archive.response("https://gone.example/robots.txt", b"", ("Location", "https://gone.example/r"), **moved)
    archive.response("https://gone.example/r", b"", HTML, status="404 Not Found")
    archive.response(
        "https://away.example/robots.txt", b"", ("Location", "https://elsewhere.example/robots.txt"), **moved
    )
    archive.response("https://loop.example/robots.txt", b"", ("Location", "/robots.txt"), **moved)
    archive.response("https://odd.example/robots.txt", b"", ("Location", "mailto:a@odd.example"), **moved)
    report, snapshot = imported(archive, tmp_path)
    found = rows(snapshot)
    first = found["http://site.example/robots.txt"]
    assert (first["body"], first["redirects"]) == (RULES, [f"{SITE}/robots.txt", f"{SITE}/static/robots"])
    assert found[f"{SITE}/robots.txt"]["body"] == RULES
    assert found["https://gone.example/robots.txt"]["outcome"] == "unavailable"
    assert found["https://loop.example/robots.txt"]["error"] == "more than 5 redirects"
    assert found["https://odd.example/robots.txt"]["error"] == "redirect to a scheme other than http and https"
    assert len(found) == 5
    assert report.left_out == {"redirect to what is not in the file": 1, "where a signal file redirects to": 2}


def test_a_redirect_leads_to_the_answer_of_its_own_time(tmp_path):
    """One of another month may be kinder than what the redirect led to; RFC 9309 2.4 bounds it to a day."""
    archive = Archive()
    archive.response(
        "http://site.example/robots.txt", b"", ("Location", f"{SITE}/robots.txt"), status="302 Found", moment=NOON
    )
    archive.robots(f"{SITE}/robots.txt", OTHERS, moment="2026-02-02T11:00:00Z")
    archive.robots(f"{SITE}/robots.txt", RULES, moment="2026-02-01T12:00:01Z")
    archive.response("http://late.example/robots.txt", b"", ("Location", "/r"), status="302 Found", moment=NOON)
    archive.robots("http://late.example/r", OTHERS, moment="2026-02-02T12:00:01Z")
    report, snapshot = imported(archive, tmp_path)
    assert rows(snapshot)["http://site.example/robots.txt"]["body"] == RULES
    assert report.left_out["redirect to what is not in the file"] == 1


def test_a_revisit_stands_for_the_body_it_repeats_where_that_is_in_the_file(tmp_path):
    digest = {"payload_digest": "sha1:AAAA"}
    archive = Archive().robots(f"{SITE}/robots.txt", RULES, **digest)
    archive.robots("https://twin.example/robots.txt", b"", kind="revisit", **digest)
    archive.robots("https://lone.example/robots.txt", b"", kind="revisit", payload_digest="sha1:BBBB")
    archive.robots("https://gone.example/robots.txt", b"", kind="revisit", status="404 Not Found", **digest)
    archive.robots("http://site.example/robots.txt", b"", status="304 Not Modified")
    archive.robots(f"{SITE}/robots.txt", b"", status="304 Not Modified", moment="2026-03-01T12:00:00Z")
    report, snapshot = imported(archive, tmp_path)
    found = rows(snapshot)
    assert found["https://twin.example/robots.txt"]["body"] == RULES
    assert found["https://gone.example/robots.txt"]["outcome"] == "unavailable"
    latest = found[f"{SITE}/robots.txt"]
    assert (latest["status"], latest["outcome"], latest["body"]) == (304, "available", RULES)
    assert latest["time_basis"] == "not modified"
    assert len(snapshot) == 4
    assert report.left_out == {"repeats what is not in the file": 2}


def test_what_was_not_modified_is_not_taken_for_an_empty_file(tmp_path):
    """The digest of an answer without a body is that of an empty robots.txt, which permits."""
    archive = Archive().robots("https://open.example/robots.txt", b"").robots(f"{SITE}/robots.txt", RULES)
    archive.robots(f"{SITE}/robots.txt", b"", status="304 Not Modified", moment="2026-03-01T12:00:00Z")
    archive.robots("https://other.example/robots.txt", b"", status="304 Not Modified")
    report, snapshot = imported(archive, tmp_path)
    assert rows(snapshot)[f"{SITE}/robots.txt"]["body"] == RULES
    assert report.left_out == {"repeats what is not in the file": 1}


def test_a_resource_is_what_was_there(tmp_path):
    archive = Archive().resource(f"{SITE}/robots.txt", RULES, "text/plain").resource(f"{SITE}/ai.txt", PAGE)
    found = rows(imported(archive, tmp_path)[1])
    assert (found[f"{SITE}/robots.txt"]["status"], found[f"{SITE}/robots.txt"]["body"]) == (None, RULES)
    assert found[f"{SITE}/ai.txt"]["kind"] == "html"


def test_a_record_without_a_time_that_can_be_read_is_left_out(tmp_path):
    archive = Archive().octets(b"HTTP/1.1 200 OK\r\n\r\n" + OTHERS, f"{SITE}/robots.txt", moment="yesterday")
    archive.octets(b"HTTP/1.1 200 OK\r\n\r\n" + OTHERS, f"<{SITE}/ai.txt>")  # with the brackets of WARC 1.0
    report, snapshot = imported(archive, tmp_path)
    assert report.left_out == {"time not readable": 1}
    assert list(rows(snapshot)) == [f"{SITE}/ai.txt"]


def crawl():
    archive = Archive()
    for n in range(4):
        archive.robots(f"https://h{n}.example/robots.txt", b"".join(b"# %d\n" % (i * n) for i in range(500)) + RULES)
    return archive


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(tmp_path, name):
    """But between two records, where it is a whole file of fewer."""
    archive = crawl()
    whole = archive.write(tmp_path / name).read_bytes()
    assert import_captures(tmp_path / name, tmp_path / "store").outcomes.total() == 4
    ends = {len(b"".join(archive.records[:n])) - k for n in range(5) for k in range(5)}  # in the line ends between
    if name == "x.warc.gz":
        ends = {len(b"".join(gzipped(record) for record in archive.records[:n])) for n in range(5)}
    elif name != "x.warc":
        ends = {len(whole)}
    for cut in sorted({*range(1, len(whole), 61), len(whole) - 6} - ends):
        (tmp_path / name).write_bytes(whole[:cut])
        with pytest.raises(InputError) as caught:
            import_captures(tmp_path / name, tmp_path / "none")
        assert name in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_damage_is_said_with_the_octet_it_is_at(tmp_path):
    archive = crawl()
    octets = bytearray(archive.write(tmp_path / "x.warc.gz").read_bytes())
    third = len(b"".join(gzipped(record) for record in archive.records[:2]))
    octets[third + 60] ^= 0xFF
    (tmp_path / "x.warc.gz").write_bytes(octets)
    with pytest.raises(InputError, match=f"gzip member that begins at octet {third:,} of the file") as caught:
        import_captures(tmp_path / "x.warc.gz", tmp_path / "s")
    assert caught.value.where["octet"] == third
    third = len(b"".join(archive.records[:2]))
    archive.records[2] = archive.records[2].replace(b"Content-Length:", b"Content-Lenght:", 1)
    with pytest.raises(InputError, match=f"record 3, which begins at octet {third:,} of the file, has no length"):
        import_captures(archive.write(tmp_path / "x.warc"), tmp_path / "s")


@pytest.mark.parametrize(
    ("name", "octets", "words"),
    [
        ("x.warc", b"filedesc://x.arc 0.0.0.0 20100101000000 text/plain 76\n1 0 X\n", "is an ARC file"),
        ("x.warc.gz", gzipped(b"filedesc://x.arc 0.0.0.0 20100101 text/plain 76\n"), "is an ARC file"),
        ("x.warc", b"garbage\r\n" * 100, "does not begin as a WARC file does"),
        ("x.warc.gz", gzipped(b"garbage\r\n" * 100), "does not begin as a WARC file does"),
        ("x.warc.gz", b"\x1f\x8b\x08\x00garbage, not gzip at all", "is damaged"),
        ("x.warc.zst", b"\x28\xb5\x2f\xfdgarbage, not zstd at all", "cannot be read"),
        ("x.warc", b"", "it is empty"),
        ("x.warc.gz", gzipped(b""), "it is empty"),
        ("x.arc.gz", b"", ".warc"),
    ],
)
def test_what_is_no_warc_file_is_refused(tmp_path, name, octets, words):
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(InputError) as caught:
        import_captures(tmp_path / name, tmp_path / "s")
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_file_without_signal_files_says_what_it_holds(tmp_path):
    file = Archive().response(f"{SITE}/a").write(tmp_path / "x.warc")
    with pytest.raises(InputError, match=f"holds no capture: not a signal file, such as record 1: '{SITE}/a'"):
        import_captures(file, tmp_path / "s")
    with pytest.raises(InputError, match="no columns"):
        import_captures(file, tmp_path / "s", columns={"body": "text"})


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    file = Archive().robots(f"{SITE}/robots.txt").write(tmp_path / "x.warc")
    monkeypatch.setitem(sys.modules, "fastwarc.warc", None)
    with pytest.raises(MissingExtraError) as caught:
        import_captures(file, tmp_path / "s")
    assert caught.value.hint == 'pip install "rightful[warc]"'


def test_licences_and_policies_are_known_by_their_type_or_by_who_declares_them(tmp_path):
    naming = b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://p.example/terms.json"}]'
    archive = Archive().response(f"{SITE}/early.xml", b"<rsl/>")  # before anybody has declared it
    declaring = b"License: https://site.example/l.xml\nLicense: https://site.example/early.xml\n"
    archive.robots(f"{SITE}/robots.txt", declaring)
    archive.response(f"{SITE}/.well-known/tdmrep.json", naming, TEXT)
    archive.response(f"{SITE}/l.xml", b"<rsl>1</rsl>", HTML)
    archive.response("https://p.example/terms.json", b"{}", TEXT)
    archive.response("https://q.example/any", b"<rsl>2</rsl>", ("Content-Type", "application/rsl+xml; charset=utf-8"))
    archive.response("https://p.example/other.json", b"{}", TEXT)
    report, snapshot = imported(archive, tmp_path)
    found = {(row["origin"], row["signal"]) for row in snapshot.captures.to_pylist()}
    assert found == {
        (SITE, "robots.txt"), (SITE, ".well-known/tdmrep.json"), (f"{SITE}/l.xml", "rsl"),
        ("https://p.example/terms.json", "tdm-policy"), ("https://q.example/any", "rsl"),
    }  # fmt: skip
    assert report.left_out == {"not a signal file": 2}
