"""Small hostile documents are read without an error, and soundly; entity bombs do nothing. No time is measured here."""

import bisect
import json
import os
import resource
import socket
from dataclasses import replace

import pytest
from tests.benchmarks import hostile
from tests.benchmarks.hostile_documents.bombs import LAUGHTER, bombs
from tests.benchmarks.hostile_documents.making import FIVE_MB
from tests.benchmarks.hostile_readers import READERS
from tests.fuzz.targets import TARGETS, sound

from rightful.signals.remark_meanings import REMARKS_OF

SMALL = 20_000  # octets
CODES = frozenset(code for codes in REMARKS_OF.values() for code in codes)
IN_JSON = {
    "tdmrep": ('[{"location": "/", "tdm-reservation": %s}]', '[{"location": "/", "x": %s}]', '{"tdm-reservation": %s}'),
    "tdm_policy": ('{"permission": {"action": %s}}', '{"@context": %s, "permission": []}', '{"assigner": %s}'),
    "c2pa": ('{"cawg.training-mining": %s}', '{"ingredients": %s}'),
    "plus": ('{"DataMining": %s}',),
    "http_payment": ('402\n\n{"x402Version": 1, "accepts": [{"amount": %s}]}',),
    "page_meta": ('<script type="application/ld+json">{"license": %s}</script>',),
    "page_fields": (
        '{"x-robots-tag": %s}',
        '{"a": [%s]}',
        '["tdm-reservation", %s]',
        'c2pa: {"cawg.training-mining": %s}',
        'data_mining: {"DataMining": %s}',
    ),
}


def read(name, octets):
    reader = READERS[name]
    return [sound(reading, CODES) for reading in reader.read(reader.prepare(octets))]


def test_every_target_has_hostile_documents():
    named = {reader for document in hostile.DOCUMENTS for reader in document.readers}
    assert named == set(READERS)
    assert named - {"document_kinds"} == set(TARGETS)
    for name in named:
        assert sum(name in document.readers for document in hostile.DOCUMENTS) >= 8


@pytest.mark.parametrize("name", READERS)
def test_hostile_documents_are_read(name):
    for document in hostile.DOCUMENTS:
        if name in document.readers:
            octets = document.make(min(SMALL, document.longest(name)))
            assert len(octets) > 100, document.name
            read(name, octets)
            if name in TARGETS:
                TARGETS[name].read(octets)


def test_a_document_is_of_the_size_that_was_asked_for():
    for document in hostile.DOCUMENTS:
        for size in (SMALL, 10 * SMALL):
            assert 0.5 * size < len(document.make(size)) <= size + 500, document.name
        assert all(document.longest(reader) <= FIVE_MB for reader in document.readers)


def cannot_be_parsed(depth):
    try:
        json.loads("[" * depth + "]" * depth)
    except RecursionError:
        return True
    return False


@pytest.mark.parametrize("name", IN_JSON)
def test_no_depth_of_nesting_is_too_deep(name):
    """What can just be parsed cannot be written any more, a few frames further down."""
    deepest = bisect.bisect_left(range(200_000), x=True, key=cannot_be_parsed)
    for form in IN_JSON[name]:
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            for depth in range(deepest - 50, deepest + 2):
                read(name, form.replace("%s", f"{opening * depth}1{closing * depth}").encode())


def test_entity_bombs_do_nothing(tmp_path):
    """Nothing is expanded, no file and no address is opened, and memory stays what it is."""
    secret = tmp_path / "secret"
    secret.write_text(LAUGHTER)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for outside in (secret.as_uri(), f"http://127.0.0.1:{server.getsockname()[1]}/secret"):
            for bomb in bombs(outside):
                for name in bomb.readers:
                    readings = read(name, bomb.octets)
                    assert not hostile.expanded(readings), (bomb.name, name)
        with pytest.raises(BlockingIOError):
            server.accept()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown / 1024 < hostile.MOST_MEGABYTES


def test_what_was_expanded_would_be_found():
    assert hostile.expanded(read("page_meta", f'<a rel="license" href="{LAUGHTER}">'.encode()))


@pytest.mark.parametrize(
    ("does", "wrong"), [(lambda: 1 // 0, "raises ZeroDivisionError"), (lambda: os._exit(1), "crashes")]
)
def test_a_reader_that_fails_is_marked(monkeypatch, does, wrong):
    monkeypatch.setitem(READERS, "rsl", replace(READERS["rsl"], read=lambda _: does()))
    assert hostile.cost("rsl", b"", 1).wrong == wrong


def test_what_grows_is_marked():
    short, long, longest = (hostile.Cost(seconds, 0) for seconds in (0.01, 0.25, 1.5))
    assert hostile.Row("rsl", "x", 1, short, short, short).marks == ""
    assert hostile.Row("rsl", "x", 1, short, long, long).marks == "is not linear"
    assert hostile.Row("rsl", "x", 1, long, long, longest).marks == "takes more than 1 s"
    assert hostile.Row("rsl", "x", 1, *[replace(short, wrong="crashes")] * 3).marks == "crashes"
