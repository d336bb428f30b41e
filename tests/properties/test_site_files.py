"""What must hold for every file and every value, whatever is in it."""

import base64
import json
import time

from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.statement import Preference
from rightful.signals.ai_txt import AiTxt
from rightful.signals.embedded import c2pa, plus
from rightful.signals.http_payment import in_response
from rightful.signals.trust_txt import TrustTxt

KEYS = [*c2pa._KEYS, *c2pa.LABELS, "entries", "use", "label", "data", "manifests", "ingredients", "active_manifest"]
USES = ["allowed", "notAllowed", "constrained", "NotAllowed"]
PAYMENT = ["x402Version", "accepts", "scheme", "amount", "maxAmountRequired", "network", "payTo", "asset"]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(USES)


def json_values(keys):
    names = st.sampled_from(keys) | st.text(max_size=8)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5))


@given(st.binary(max_size=400))
def test_any_octets_are_read(body):
    AiTxt.parse(body).reading("/a.txt")
    TrustTxt.parse(body).reading("/")
    c2pa.in_manifest(body, valid_signature=True)
    plus.in_xmp(body)
    plus.tdm_metas(body)
    in_response(402, {"payment-required": body, "crawler-price": body, "crawler-charged": body}, body)


@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["utf-8", "utf-16"]))
def test_a_damaged_packet_is_read_or_held(noise, at, encoding):
    whole = (
        '<x xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/" p:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED">'
        "<p:OtherConstraints>terms</p:OtherConstraints></x>"
    ).encode(encoding)
    read = plus.in_xmp(whole[:at] + noise + whole[at:])
    plus.tdm_metas(whole[:at] + noise)
    assert not any(said.effective is Preference.ALLOW for said in read.statements)


@given(json_values(KEYS))
def test_any_value_is_read_and_nothing_unsigned_permits(value):
    read = c2pa.in_manifest(value)
    c2pa.in_manifest(value, valid_signature=True)
    assert c2pa.in_manifest(json.dumps(value)).substance == read.substance or isinstance(value, str)
    assert not any(said.effective is Preference.ALLOW for said in read.statements)
    assert all(len(said.where) <= 200 and len(said.text) <= 200 for said in read.statements)


@given(json_values(["Xmp.plus.DataMining", "XMP-plus:OtherConstraints", "Xmp.iptcExt.LinkedRightsExpr"]))
def test_any_metadata_value_is_read(value):
    assert not any(said.effective is Preference.ALLOW for said in plus.in_metadata(value).statements)


@given(leaves, json_values(PAYMENT), json_values(PAYMENT))
def test_any_response_is_read_and_none_permits(status, headers, offer):
    text = json.dumps(offer)
    in_response(status, headers, offer)
    for code in (status, 200, 402):
        found = in_response(code, {"payment-required": base64.b64encode(text.encode()).decode()}, text.encode())
        assert not any(said.preference is Preference.ALLOW for said in found.reading.statements)


def test_entity_bombs_do_nothing():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    prolog = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>'
    plain = 'xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/"'
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    begun = time.perf_counter()
    for text in (
        f"{prolog}<x {plain}><p:DataMining>&l11;</p:DataMining></x>",
        f'{prolog}<x {plain} p:DataMining="&l11;"/>',
        f"{outside}<x {plain}><p:DataMining>&f;</p:DataMining></x>",
    ):
        for body in (text.encode(), text.encode("utf-16")):
            read = plus.in_xmp(body)
            assert [remark.code for remark in read.remarks] == ["not-xml"]
            assert read.statements == ()
            assert plus.tdm_metas(body) == []
    assert time.perf_counter() - begun < 5


def test_long_input_takes_no_longer_than_its_length():
    def seconds(n):
        nested = "<a>" * min(n, 200) + "<b/>" * n + "</a>" * min(n, 200)
        value = {"a": [{"label": "cawg.training-mining", "data": {"entries": {"cawg.data_mining": "x"}}}] * n}
        begun = time.process_time()
        plus.in_xmp(nested.encode())
        c2pa.in_manifest(json.dumps(value))
        in_response(402, {"crawler-price": "USD 1," * n, "payment-required": "A" * n})
        TrustTxt.parse(b"datatrainingallowed=no\n" * n)
        AiTxt.parse(b"User-Agent: *\nDisallow: *.a\n" * n)
        return time.process_time() - begun

    few = max(seconds(1000), 0.01)
    assert seconds(10_000) < 60 * few
