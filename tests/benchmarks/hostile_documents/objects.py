"""Hostile documents in JSON: reservations, policies, manifests, what metadata tools give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.hostile_documents.making import JSON_FILE, PACKET, Document, filled, in_utf16, nested, rows

if TYPE_CHECKING:
    from tests.benchmarks.hostile_documents.making import Make

_POLICY = '{"@type": "Offer", "profile": "http://www.w3.org/ns/tdmrep", '
_MINING = _POLICY + '"permission": {"action": "mine", '


def _long_term(size: int) -> bytes:
    """Make a short prefix that stands for half of the document, and as many names with it as fit in the other."""
    context = f'{{"@context": {{"t": "http://{"x" * (size // 2)}/"}},'
    return filled('"t:{n}": 1,', context, '"permission": []}')(size)


def _names(depth: int) -> Make:
    """Make terms that lead to terms, and so on."""
    end = f'"x": "x"}}, "permission": "{"t1:" * depth}"}}'
    return filled('"t{n}": "u{n}:t{n}","u{n}": "t{n}",', '{"@context": {', end)


DOCUMENTS: tuple[Document, ...] = (
    *rows(("tdmrep", "tdm_policy", "c2pa", "plus", "page_fields", "reading_aloud"), {
        "arrays in arrays": nested("[", "]"),
        "objects in objects": nested('{"a":', "}", within="1"),
        "arrays left open": filled("["),
        "keys": filled('"k{n}":1,', "{", '"k":1}'),
        "one key again": filled('"permission":1,', "{", '"k":1}'),
        "numbers": filled("1,", "[", "1]"),
        "a huge number": filled("9", "[", "]"),
        "a huge fraction": filled("9", '[{"tdm-reservation": 0.', "}]"),
        "a string": filled("\\u00e9", '["', '"]'),
        "half characters": filled("\\ud800", '[{"location": "/', '"}]'),
        "empty objects": filled("{},", "[", "{}]"),
        "small arrays": filled("[0],", "[", "[]]"),
        "small objects": filled('{"a":{}},', "[", "{}]"),
        "UTF-16": in_utf16(filled('{"location": "/"},', "[", "{}]")),
    }),
    *rows(("tdmrep", "reading_aloud"), {
        "rules": filled('{"location": "/a{n}", "tdm-reservation": 1},', "[", "{}]"),
        "rules, nearly matching": filled('{"location": "/*aaaa{n}*b", "tdm-reservation": 1},', "[", "{}]"),
        "rules that name policies": filled(
            '{"location": "/a{n}", "tdm-reservation": 1, "tdm-policy": "/{n}"},', "[", "{}]"
        ),
        "rules with nothing right": filled(
            '{"location": 1, "tdm-reservation": "yes{n}", "tdm-policy": []},', "[", "{}]"
        ),
        "a long rule": filled('"x{n}": "y",', '[{"location": "/", "tdm-reservation": 1,', '"x": 1}]'),
        "a location of wildcards": filled("*a", '[{"location": "/', 'b$", "tdm-reservation": 1}]'),
        "no array": filled('"x{n}": {"tdm-reservation": 0},', "{", '"x": 1}'),
    }, JSON_FILE),
    *rows(("tdm_policy", "reading_aloud"), {
        "permissions": filled('{"action": "mine", "duty": "compensate"},', _POLICY + '"permission": [', "{}]}"),
        "permissions of other things": filled('{"action": "read{n}"},', _POLICY + '"permission": [', "{}]}"),
        "duties": filled('{"action": "compensate"},', _MINING + '"duty": [', '"obtainConsent"]}}'),
        "prices": filled(
            '{"leftOperand": "payAmount", "rightOperand": "{n}"},',
            _MINING + '"duty": {"action": {"@id": "compensate", "refinement": [', "{}]}}}}",
        ),
        "constraints": filled(
            '{"leftOperand": "spatial", "operator": "eq", "rightOperand": "{n}"},', _MINING + '"constraint": [', "{}]}}"
        ),
        "policies": filled(_POLICY + '"uid": "{n}"},', "[", "{}]"),
        "policies in a graph": filled(_POLICY + '"uid": "{n}"},', '{"@graph": [', "{}]}"),
        "assigners": filled('{"fn": "{n}", "hasEmail": ["a@b.example"]},', _POLICY + '"assigner": [', "{}]}"),
        "terms that lead to terms": _names(200),
        "a long term": _long_term,
        "contexts": filled('{"a{n}": {"@id": "http://h.example/"}},', '{"@context": [', '{}], "permission": []}'),
    }, JSON_FILE),
    *rows(("c2pa", "page_fields", "reading_aloud"), {
        "assertions": filled(
            '{"label": "cawg.training-mining", "data": {"entries": {"cawg.ai_training": "notAllowed"}}},', "[", "{}]"
        ),
        "entries": filled(
            '"cawg.x{n}": {"use": "allowed"},', '{"cawg.training-mining": {"entries": {', '"cawg.data_mining": 1}}}'
        ),
        "manifests": filled(
            '"m{n}": {"c2pa.training-mining": 0},', '{"active_manifest": "m", "manifests": {', '"m": 0}}'
        ),
        "manifests of nothing": filled("[0],", '{"manifests": [', "[]]}"),
        "ingredients": filled('{"ingredients":[{"c2pa.training-mining":{}}]},', "[", "{}]"),
        "ingredients of ingredients": nested('{"ingredients":[', "]}"),
        "a long constraint": filled(
            "x ", '{"cawg.training-mining": {"cawg.data_mining": {"use": "constrained", "constraint_info": "', '"}}}'
        ),
    }),
    *rows(("plus",), {
        "values": filled('"a{n}.DataMining": "DMI-PROHIBITED-SEECONSTRAINT",', "{", '"OtherConstraints": "x"}'),
        "terms": filled('"a{n}.OtherConstraints": [[[""]]],', "{", '"DataMining": "DMI-PROHIBITED-SEECONSTRAINT"}'),
        "lists in a value": nested("[", "]", '{"DataMining": ', "}"),
        "many in a value": filled('"DMI-PROHIBITED",', '{"DataMining": [', '""]}'),
    }, PACKET),
)  # fmt: skip
