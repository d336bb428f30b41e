"""Stored responses against the table of this folder."""

import pytest
from tests.conformance.tables import answer, codes, table

from rightful.signals import http_payment
from rightful.signals.http_payment import PaymentOffer, in_response


def spelt(offers):
    return [" ".join(x for x in (o.scheme, o.currency, o.amount, o.network, o.pay_to) if x) for o in offers]


@pytest.mark.parametrize("case", table("http_payment"), ids=lambda case: case["name"])
def test_table(case):
    found = in_response(case["status"], case.get("headers", []), case.get("body", "").encode())
    assert answer(found.reading, "acquire") == case["acquire"]
    for usage in ("train-ai", "ai-input", "search"):
        assert answer(found.reading, usage) == "unknown"
    for name in ("offers", "bids", "charged"):
        assert spelt(getattr(found, name)) == case.get(name, []), name
    assert codes(found.reading) == case.get("remarks", [])
    assert set(codes(found.reading)) <= set(http_payment.REMARKS)


def test_headers_may_be_a_map_of_text_octets_or_lists():
    expected = (PaymentOffer("pay-per-crawl", "0.01", "USD", where="crawler-price"),)
    assert in_response(402, {"Crawler-Price": "USD 0.01"}).offers == expected
    assert in_response(402, {b"crawler-price": b"USD 0.01"}).offers == expected
    assert in_response(402, {"crawler-price": ["USD 0.01"]}).offers == expected
    assert in_response(402, [("crawler-price", "USD 0.01"), ("odd",), None]).offers == expected


def test_statements_and_offers_say_where_they_stand():
    refused, priced = in_response(451).reading.statements[0], in_response(402, {"crawler-price": "USD 1"}).reading
    assert (refused.where, refused.text) == ("status", "451")
    assert (priced.statements[0].where, priced.statements[0].text) == ("crawler-price", "402; pay-per-crawl: USD 1")
    body = (
        b'{"x402Version": 1, "accepts": [{"scheme": "exact", "network": "n", "payTo": "p", "maxAmountRequired": "1"}]}'
    )
    assert in_response(402, (), body).offers[0].where == "body/accepts/0"


def test_what_is_too_long_is_not_read():
    long = in_response(402, {"payment-required": "A" * (http_payment.HEADER_LIMIT + 1)})
    assert codes(long.reading) == ["unreadable-x402"]
    price = in_response(402, {"crawler-price": "USD 1," * http_payment.HEADER_LIMIT})
    assert (codes(price.reading), answer(price.reading, "acquire")) == (["unreadable-price"], "deny")
    assert in_response(402, (), b'{"x402Version": 1}' + b" " * http_payment.BODY_LIMIT).offers == ()
    assert in_response(10**5000).reading.statements == ()
