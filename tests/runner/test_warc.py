"""Runs over WARC files: every page a record, decided as the same page in a table, and no statement of it lost."""

import gzip
import sys
from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.archives import HTML, NOON, PAGE, TEXT, Archive, gzipped
from typer.testing import CliRunner

import rightful.runner.warc_records
from rightful.audit.verify import verify_run
from rightful.cli import app
from rightful.errors import InputError, MissingExtraError
from rightful.ledger.run_directory import RunDirectory
from rightful.policy.policy_file import parse_policy
from rightful.runner.origins import to_capture
from rightful.runner.partial import partial_folder
from rightful.runner.reading import find_inputs, open_records, read_batches
from rightful.runner.run import screen_files
from rightful.runner.stages import run_files
from rightful.runner.warc_records import WARC_SCHEMA
from rightful.snapshot.importing import import_captures

POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
SITE = "https://site.example"
FORMS = ["x.warc", "x.warc.gz", "x.whole.warc.gz", "x.warc.zst"]
WORDS = "Some words of a page."


def head(*elements):
    return PAGE.replace(b"<title>", b"".join(elements) + b"<title>")


def rows_of(file, columns=None):
    records = open_records(file)
    found = [row for batch in read_batches(records, records.schema, columns=columns) for row in batch.to_pylist()]
    assert len(found) == records.rows
    return found


def one(archive, tmp_path):
    (row,) = rows_of(archive.write(tmp_path / "one.warc"))
    return row


@pytest.fixture
def world(tmp_path):
    """A crawl with its robots.txt files, the policy, and the captures out of the crawl itself."""
    archive = Archive().other("warcinfo", body=b"software: a crawler\r\n")
    archive.robots(f"{SITE}/robots.txt", b"User-agent: *\nDisallow: /private/\n", moment="2026-01-01T00:00:00Z")
    archive.robots(
        "https://shut.example/robots.txt", b"User-agent: GPTBot\nDisallow: /\n", moment="2026-01-01T00:00:00Z"
    )
    meta = b'<meta name="tdm-reservation" content="1">'
    pages = {
        f"{SITE}/open": {}, f"{SITE}/private/diary": {}, "https://shut.example/a": {}, "https://unknown.example/a": {},
        f"{SITE}/noai": {"headers": [HTML, ("X-Robots-Tag", "noai")]},
        f"{SITE}/for-one": {"headers": [HTML, ("X-Robots-Tag", "otherbot: none"), ("x-robots-tag", "gptbot: noai")]},
        f"{SITE}/tdm": {"body": head(meta)},
        f"{SITE}/tdm-packed": {"body": gzipped(head(meta)), "headers": [HTML, ("Content-Encoding", "gzip")]},
        f"{SITE}/paid": {"status": "402 Payment Required", "headers": [HTML, ("crawler-price", "USD 0.01")]},
        f"{SITE}/photo": {"body": b"\xff\xd8\xff", "headers": [("Content-Type", "image/jpeg")]},
        f"{SITE}/photo-noai": {
            "body": b"\xff\xd8\xff", "headers": [("Content-Type", "image/jpeg"), ("X-Robots-Tag", "noai")],
        },
    }  # fmt: skip
    for url, given in pages.items():
        archive.response(
            url, given.get("body", PAGE), *given.get("headers", [HTML]), status=given.get("status", "200 OK")
        )
    archive.response(f"{SITE}/moved", b"", ("Location", "/open"), status="301 Moved Permanently")
    archive.response(f"{SITE}/again", b"", kind="revisit", payload_digest="sha1:AAAA")
    archive.other("request", f"{SITE}/open", b"GET /open HTTP/1.1\r\n\r\n", "application/http; msgtype=request")
    archive.resource("urn:thumbnail:https://site.example/open", b"\x89PNG", "image/png")
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    import_captures(archive.write(tmp_path / "captures.warc.gz"), tmp_path / "signals")
    return archive, tmp_path


def screened(tmp_path, inputs, out, **how):
    screen_files(tmp_path / "policy.toml", inputs, snapshot=tmp_path / "signals", out=tmp_path / out, **how)
    return RunDirectory(tmp_path / out)


def decisions(run):
    rows = pa.Table.from_batches(list(run.ledger_batches())).to_pylist()
    return {row["url"]: (row["admission"], tuple(row["reasons"])) for row in rows}


def both(protocol, code="RESERVED"):
    return "exclude", (f"{code}_FETCH:{protocol}", f"{code}_NOW:{protocol}")


def test_pages_are_decided_by_what_their_site_their_headers_and_they_themselves_say(world):
    archive, tmp_path = world
    run = screened(tmp_path, archive.write(tmp_path / "x.warc.gz"), "out")
    found = decisions(run)
    assert found[f"{SITE}/open"][0] == found[f"{SITE}/photo"][0] == "admit"
    assert found[f"{SITE}/private/diary"][0] == found["https://shut.example/a"][0] == "exclude"
    assert found["https://unknown.example/a"][0] == "hold"
    for page in ("noai", "for-one", "photo-noai"):
        assert found[f"{SITE}/{page}"] == both("robots-tag")
    assert found[f"{SITE}/tdm"] == found[f"{SITE}/tdm-packed"] == both("tdmrep")
    assert found[f"{SITE}/paid"] == both("http-payment", "CONDITIONAL")
    assert len(found) == 11
    assert run.manifest.inputs[0].left_out == {
        "no answer of a server": 2, "no web page": 1, "redirect": 1, "revisit": 1, "signal file": 2,
    }  # fmt: skip
    data = pa.concat_tables(pq.read_table(file) for file in run.data_files()).to_pylist()
    assert {row["url"]: row["text"] for row in data} == {f"{SITE}/open": WORDS, f"{SITE}/photo": None}


def test_the_same_pages_in_a_table_are_decided_alike(world):
    """With status and headers as lists of pairs, and the page, where a crawl was kept as Parquet."""
    archive, tmp_path = world
    fields = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
    rows = []
    for record in archive.records:
        named, _, block = record.partition(b"\r\n\r\n")
        named = dict(line.split(": ", 1) for line in named.decode().split("\r\n")[1:])
        http, _, body = block[: int(named["Content-Length"])].partition(b"\r\n\r\n")
        status, *lines = http.decode("latin-1").split("\r\n")
        url = named.get("WARC-Target-URI", "")
        if named["WARC-Type"] != "response" or url.endswith("robots.txt") or " 301 " in status:
            continue
        headers = [tuple(line.split(": ", 1)) for line in lines]
        body = gzip.decompress(body) if ("Content-Encoding", "gzip") in headers else body
        rows.append(
            {
                "url": url,
                "fetched_at": named["WARC-Date"],
                "http_status": int(status.split()[1]),
                "http_headers": [{"name": name, "value": value} for name, value in headers],
                "html": body if HTML in headers else None,
                "text": WORDS,
            }
        )
    table = pa.table({name: [row[name] for row in rows] for name in rows[0] if name != "http_headers"})
    table = table.append_column("http_headers", pa.array([row["http_headers"] for row in rows], fields))
    pq.write_table(table, tmp_path / "pages.parquet")
    of_the_table = decisions(screened(tmp_path, tmp_path / "pages.parquet", "of-the-table"))
    of_the_archive = decisions(screened(tmp_path, archive.write(tmp_path / "x.warc"), "of-the-archive"))
    assert of_the_archive == of_the_table
    assert Counter(admission for admission, _ in of_the_table.values()) == {"admit": 2, "hold": 1, "exclude": 8}


def test_every_way_of_keeping_the_file_gives_the_same_records(world):
    archive, tmp_path = world
    first = rows_of(archive.write(tmp_path / FORMS[0]))
    assert [row["url"] for row in first][:2] == [f"{SITE}/open", f"{SITE}/private/diary"]  # as in the file
    for name in FORMS[1:]:
        assert rows_of(archive.write(tmp_path / name)) == first


def test_a_run_over_a_folder_is_whole_verifies_and_is_the_same_twice(world):
    archive, tmp_path = world
    folder = tmp_path / "crawl"
    (folder / "segment").mkdir(parents=True)
    archive.write(folder / "a.warc.gz")
    Archive().response(f"{SITE}/more").write(folder / "segment/b.warc")
    Archive().other("warcinfo").write(folder / "segment/empty.warc")
    assert [file.name for file in find_inputs(folder)] == ["a.warc.gz", "b.warc", "empty.warc"]
    how = {"snapshot": tmp_path / "signals", "reference_time": NOON}
    outs = [tmp_path / "one", tmp_path / "two"]
    for out, processes in zip(outs, (1, 2), strict=True):
        run_files(tmp_path / "policy.toml", folder, out=out, processes=processes, **how)
    one, two = ({f.relative_to(out): f.read_bytes() for f in out.rglob("*") if f.is_file()} for out in outs)
    assert one == two
    assert RunDirectory(outs[0]).manifest.counts.records == 12
    assert verify_run(outs[0], everything=True).findings == ()


def test_a_killed_run_over_archives_goes_on_where_it_was(world, monkeypatch):
    archive, tmp_path = world
    folder = tmp_path / "crawl"
    folder.mkdir()
    archive.write(folder / "a.warc.gz")
    Archive().response(f"{SITE}/more").write(folder / "b.warc.gz")
    whole = screened(tmp_path, folder, "whole")
    read = rightful.runner.reading.read_rows

    def dies_at_the_second(path, columns=None):
        if path.name == "b.warc.gz":
            raise KeyboardInterrupt
        return read(path, columns)

    monkeypatch.setattr(rightful.runner.reading, "read_rows", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        screened(tmp_path, folder, "out")
    made = []
    monkeypatch.setattr(
        rightful.runner.reading, "read_rows", lambda path, columns=None: made.append(path.name) or read(path, columns)
    )
    run = screened(tmp_path, folder, "out")
    assert made == ["b.warc.gz"]
    assert run.manifest == whole.manifest


def test_a_damaged_file_among_others_leaves_no_run(world):
    archive, tmp_path = world
    folder = tmp_path / "crawl"
    folder.mkdir()
    archive.write(folder / "a.warc.gz")
    broken = Archive().response(f"{SITE}/more").response(f"{SITE}/rest").write(folder / "b.warc.gz")
    second = len(gzipped(Archive().response(f"{SITE}/more").records[0]))
    broken.write_bytes(broken.read_bytes()[: second + 40])
    with pytest.raises(InputError, match=r"b\.warc\.gz: the gzip member that begins at octet [\d,]+ of the file ends"):
        screened(tmp_path, folder, "out")
    assert not (tmp_path / "out").exists()
    assert not partial_folder(tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "octets"), [("x.warc", b"filedesc://x 1"), ("x.warc.gz", b"<html>"), ("x.arc.gz", b"")]
)
def test_what_is_no_warc_file_is_refused(tmp_path, name, octets):
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(InputError, match=r"\.warc"):
        [open_records(file) for file in find_inputs(tmp_path / name)]


def test_a_row_says_what_the_server_said(tmp_path):
    archive = Archive().response(
        f"{SITE}/a?b=c#d", PAGE, ("Content-Type", "Text/HTML;charset=utf-8"), moment="2026-02-01T12:34:56.789012Z"
    )
    row = one(archive, tmp_path)
    assert row.pop("id").startswith("<urn:uuid:")
    assert row == {
        "url": f"{SITE}/a?b=c#d",
        "fetched_at": datetime(2026, 2, 1, 12, 34, 56, 789012, tzinfo=UTC),
        "http_status": 200,
        "media_type": "text/html",
        "page_fields": "looked_at: headers\x1epage",
        "text": WORDS,
    }


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        ("<p>中文<p>全文".encode(), "text/html", "中文\n\n全文"),
        ("<p>中文".encode("gbk"), "text/html; charset=GBK", "中文"),
        ('<meta charset="gb2312"><p>中文'.encode("gbk"), "text/html", "中文"),
        ("\ufeff<p>中文".encode(), "text/html; charset=iso-8859-1", "中文"),
        ("\ufeff<p>中文".encode("utf-16-le"), "text/html", "中文"),
        ("<p>é".encode("latin-1"), "text/html; charset='iso-8859-1'", "é"),
        ("<p>é".encode(), "text/html; charset=no-such-charset", "é"),
        (b"<p>a<script>b</script><style>c</style><!--d--><nav>f</nav>", "application/xhtml+xml", "a\n\nf"),
        ("a <b>\n\té".encode(), "text/plain; charset=utf-8", "a <b>\n\té"),
        (b"<!doctype html><p>a", "", "a"),
        (b"no tag at all", "", None),
        (b"<p>a", "application/pdf", None),
        (b"", "text/html", ""),
    ],
)
def test_text_is_what_a_reader_sees(tmp_path, body, header, text):
    headers = [("Content-Type", header)] if header else [("Server", "s")]
    assert one(Archive().response(SITE, body, *headers), tmp_path)["text"] == text


def test_a_resource_is_a_page_without_a_status(tmp_path):
    row = one(Archive().resource(f"{SITE}/a", head(b'<meta name="robots" content="noai">')), tmp_path)
    assert (row["http_status"], row["media_type"], row["text"]) == (None, "text/html", WORDS)
    assert row["page_fields"] == "looked_at: page\nmeta_robots: noai"


@pytest.mark.parametrize(
    "status", ["200 OK", "204 No Content", "404 Not Found", "451 Unavailable", "500 Error", "999 No"]
)
def test_every_answer_with_a_page_is_a_record(tmp_path, status):
    assert one(Archive().response(f"{SITE}/a", status=status), tmp_path)["http_status"] == int(status[:3])


UNREAD = [
    Archive().octets(b"\x16\x03\x01 no HTTP", f"{SITE}/a"),
    Archive().octets(b"HTTP/1.1 200 OK\r\nX-Robots-Tag: no", f"{SITE}/a"),
    Archive().octets(b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000 + b"\r\nX-Robots-Tag: noai\r\n\r\n", f"{SITE}/a"),
    Archive().response(f"{SITE}/a", b"\x8b\x00\x01", HTML, ("Content-Encoding", "br")),
    Archive().response(f"{SITE}/a", gzipped(PAGE)[:-12], HTML, ("Content-Encoding", "gzip")),
    Archive().response(f"{SITE}/a", PAGE, HTML, ("Content-Encoding", "x-unheard-of")),
    Archive().response(f"{SITE}/a", b"<html><head><meta name=robo", truncated="length"),
    Archive().response(f"{SITE}/a", b"5\r\n<html\r\n", HTML, ("Transfer-Encoding", "chunked")),
]


@pytest.mark.parametrize("number", range(len(UNREAD)))
def test_what_cannot_be_read_of_a_response_holds_its_record(world, number):
    _, tmp_path = world
    run = screened(tmp_path, UNREAD[number].write(tmp_path / "x.warc"), "out", mode="label")
    ((admission, reasons),) = decisions(run).values()
    assert admission == "hold"
    assert {reason.partition(":")[0] for reason in reasons} == {"UNREADABLE"}
    assert {"UNREADABLE:robots-tag", "UNREADABLE:tdmrep", "UNREADABLE:rsl"} <= set(reasons)


def test_a_page_cut_after_its_head_was_read_as_far_as_it_matters(world):
    _, tmp_path = world
    archive = Archive().response(f"{SITE}/a", PAGE[:-20], truncated="length")
    assert decisions(screened(tmp_path, archive.write(tmp_path / "x.warc"), "out"))[f"{SITE}/a"][0] == "admit"


def test_headers_with_bare_line_feeds_are_headers(tmp_path):
    row = one(
        Archive().octets(b"HTTP/1.1 200 OK\nX-Robots-Tag:\n noai\nContent-Type: text/plain\n\nwords", f"{SITE}/a"),
        tmp_path,
    )
    assert (row["page_fields"], row["text"]) == ("looked_at: headers\nx_robots_tag: noai", "words")


def test_a_page_longer_than_is_read_has_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr(rightful.runner.warc_records, "PAGE_OCTETS", 1_000)
    archive = Archive().response(f"{SITE}/a", head(b'<meta name="robots" content="noai">') + b"x" * 1_000)
    archive.response(f"{SITE}/b", gzipped(PAGE + b" " * 1_000_000), HTML, ("Content-Encoding", "gzip"))
    first, second = rows_of(archive.write(tmp_path / "x.warc"))
    assert (first["text"], first["page_fields"]) == (None, "looked_at: headers\x1epage\nmeta_robots: noai")
    assert second["text"] is None


def test_batches_are_bounded_in_rows_and_in_octets(tmp_path, monkeypatch):
    archive = Archive()
    for n in range(10):
        archive.response(f"{SITE}/{n}", b"a" * (900 if n == 4 else 10), TEXT)
    file = open_records(archive.write(tmp_path / "x.warc"))

    def sizes():
        return [batch.num_rows for batch in read_batches(file, file.schema)]

    assert sizes() == [10]
    monkeypatch.setattr(rightful.runner.warc_records, "BATCH_ROWS", 4)
    assert sizes() == [4, 4, 2]
    monkeypatch.setattr(rightful.runner.warc_records, "BATCH_OCTETS", 900)
    assert sizes() == [4, 1, 4, 1]


def test_only_the_columns_asked_for_are_made(world, monkeypatch):
    archive, tmp_path = world
    file = archive.write(tmp_path / "x.warc.gz")
    monkeypatch.setattr(rightful.runner.warc_records._Page, "text", None)  # would fail if it were called
    rows = rows_of(file, ["url", "page_fields"])
    assert list(rows[0]) == ["url", "page_fields"]
    ledger = decisions(screened(tmp_path, file, "out", mode="ledger"))
    assert ledger[f"{SITE}/noai"] == both("robots-tag")
    assert to_capture(file, parse_policy(POLICY)).origins == [
        "https://shut.example", SITE, "https://unknown.example",
    ]  # fmt: skip


def test_archives_and_tables_of_another_schema_are_not_mixed(world):
    archive, tmp_path = world
    folder = tmp_path / "mixed"
    folder.mkdir()
    archive.write(folder / "a.warc.gz")
    pq.write_table(pa.table({"url": [SITE]}), folder / "b.parquet")
    with pytest.raises(InputError, match="another schema"):
        screened(tmp_path, folder, "out")
    pq.write_table(pa.Table.from_pylist([{"url": f"{SITE}/open"}], schema=WARC_SCHEMA), folder / "b.parquet")
    assert screened(tmp_path, folder, "out").manifest.counts.records == 12


@pytest.mark.parametrize("module", ["fastwarc.warc", "resiliparse.extract.html2text"])
def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch, module):
    file = Archive().response(SITE).write(tmp_path / "x.warc")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        open_records(file)
    assert caught.value.hint == 'pip install "rightful[warc]"'


def test_from_the_command_line(world):
    archive, tmp_path = world
    file = str(archive.write(tmp_path / "x.warc.gz"))
    called = CliRunner().invoke(app, ["snapshot", "import", file, "--out", str(tmp_path / "s")])
    assert called.exit_code == 0, called.output
    assert "available (200)" in called.output
    assert "not a signal file" in called.output
    how = ["--input", file, "--snapshot", str(tmp_path / "s"), "--out", str(tmp_path / "out")]
    called = CliRunner().invoke(app, ["run", str(tmp_path / "policy.toml"), *how])
    assert called.exit_code == 0, called.output
    assert (tmp_path / "out/README.md").exists()
