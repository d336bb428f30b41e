"""What a stored response says about being fetched: refused, or offered for a price.

- 401, 403 and 451 refuse; 402 refuses, and with a price it is "no, unless paid".
- Cloudflare pay-per-crawl: `crawler-price` is the price, `crawler-exact-price` and `crawler-max-price` are a crawler's
  bids, `crawler-charged` says what was paid.
- x402: version 2 in the header `PAYMENT-REQUIRED` (base64 of JSON), version 1 in the body.

That somebody paid for one response is evidence of the payment, and permits nothing to whoever holds the copy.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown

PROTOCOL = "http-payment"
VERSION = "RFC 9110; pay-per-crawl; x402 v1, v2"
REMARKS = {
    "unreadable-price": "a price is a currency and an amount: USD 0.01; or the header is too long",
    "repeated": "a price is stated more than once; the payment facts hold all of them",
    "bid-in-response": "crawler-exact-price and crawler-max-price belong to a request",
    "exact-and-max": "a request has exactly one of crawler-exact-price and crawler-max-price",
    "paid": "this response was paid for: evidence of the payment, not a permission",
    "charged-without-200": "crawler-charged belongs to a response 200",
    "price-without-402": "a price stands in a response that is not 402: it asks for nothing",
    "unreadable-x402": "PAYMENT-REQUIRED is no base64 of an x402 object, or is too long",
    "unreadable-offer": "an x402 offer without scheme, amount, network or payTo",
}

PAYMENT_CONDITION = "payment:crawl"
HEADER_LIMIT = 64 * 1024  # characters; servers take no longer header than that
BODY_LIMIT = 256 * 1024  # octets of an x402 v1 body
_REFUSALS = (401, 403, 451)
_PAYMENT_REQUIRED = 402
_OK = 200
_PRICE = re.compile(r"([A-Za-z]{3})[ \t]+([0-9]{1,20}(?:\.[0-9]{1,20})?)").fullmatch
_AMOUNT = re.compile(r"[0-9]{1,80}(?:\.[0-9]{1,80})?").fullmatch
_X402 = "payment-required"
_BIDS = ("crawler-exact-price", "crawler-max-price")
_READ = frozenset({_X402, "crawler-price", "crawler-charged", *_BIDS})
_SEVERAL = (list, tuple)


@dataclass(frozen=True, slots=True)
class PaymentOffer:
    """A price, as asked, bid or charged.

    Attributes:
        scheme: `pay-per-crawl`, or the scheme of x402 (`exact`, ...).
        amount: as written; for x402 in the smallest unit of the asset.
        currency: ISO 4217, upper-case; for x402 the asset as written, mostly the address of a token.
        network: where x402 settles (`eip155:8453`, `base`); empty otherwise.
        pay_to: who is paid, for x402; empty otherwise.
        where: header name, or JSON path in the body (`body/accepts/0`).
    """

    scheme: str
    amount: str
    currency: str
    network: str = ""
    pay_to: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class ResponseReading:
    """A response as read.

    Attributes:
        reading: what it states, about being fetched only.
        offers: prices asked.
        bids: prices a crawler declared; stored by mistake, or with the request.
        charged: prices paid.
    """

    reading: Reading
    offers: tuple[PaymentOffer, ...] = ()
    bids: tuple[PaymentOffer, ...] = ()
    charged: tuple[PaymentOffer, ...] = ()


def in_response(status: object, headers: object = (), body: object = b"") -> ResponseReading:
    """Read a stored response.

    Args:
        status: its status code, a number or its digits.
        headers: a map or pairs of names and values, text or octets; a value may be a list of values.
        body: its octets, which only a 402 is asked for.
    """
    code = _code(status)
    fields = _fields(headers)
    remarks: list[Remark] = []
    offers = [*_prices(fields, "crawler-price", remarks), *_x402_header(fields, remarks)]
    if code == _PAYMENT_REQUIRED:
        offers += _x402_body(body, remarks)
    elif offers:
        remarks.append(Remark("price-without-402", offers[0].where, str(code)))
    bids = [bid for name in _BIDS for bid in _prices(fields, name, remarks)]
    named = [name for name in _BIDS if name in fields]
    remarks += [Remark("bid-in-response", name, shown(", ".join(fields[name])[:1000])) for name in named]
    if len(named) == len(_BIDS):
        remarks.append(Remark("exact-and-max", named[0]))
    charged = _prices(fields, "crawler-charged", remarks)
    if charged:
        paid = f"{charged[0].currency} {charged[0].amount}"
        remarks.append(Remark("paid" if code == _OK else "charged-without-200", "crawler-charged", paid))
    reading = Reading(_statements(code, offers), tuple(dict.fromkeys(remarks)))
    return ResponseReading(reading, tuple(offers), tuple(bids), tuple(charged))


def _statements(code: int, offers: list[PaymentOffer]) -> tuple[Statement, ...]:
    if code == _PAYMENT_REQUIRED and offers:
        first = offers[0]
        text = shown(f"402; {first.scheme}: {first.currency} {first.amount}")
        conditional = Preference.CONDITIONAL
        return (Statement(PROTOCOL, Usage.ACQUIRE, conditional, VERSION, first.where, text, (PAYMENT_CONDITION,)),)
    if code == _PAYMENT_REQUIRED or code in _REFUSALS:
        return (Statement(PROTOCOL, Usage.ACQUIRE, Preference.DENY, VERSION, "status", str(code)),)
    return ()


def _code(status: object) -> int:
    """Give the status code; 0 where it is none."""
    if isinstance(status, str) and re.fullmatch(r"[1-9][0-9]{2}", status.strip(), re.ASCII):
        return int(status.strip())  # which takes away more than `int` passes over
    return status if isinstance(status, int) and 100 <= status <= 999 else 0  # noqa: PLR2004 - RFC 9110 15


def _fields(headers: object) -> dict[str, list[str]]:
    """Give the values of the headers that are read, by name in lower case; what is no name and value is left out."""
    fields: dict[str, list[str]] = {}
    items: Iterable[Any] = headers.items() if isinstance(headers, Mapping) else ()
    if isinstance(headers, list | tuple):
        items = headers
    for item in items:
        if not isinstance(item, _SEVERAL) or len(item) != 2:  # noqa: PLR2004 - a name and a value
            continue
        name, values = _text(item[0]).strip().lower(), item[1]
        if name not in _READ:
            continue
        for value in values if isinstance(values, _SEVERAL) else (values,):
            if isinstance(value, str | bytes):
                fields.setdefault(name, []).append(_text(value).strip())
    return fields


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _prices(fields: Mapping[str, list[str]], name: str, remarks: list[Remark]) -> list[PaymentOffer]:
    """Read a header of pay-per-crawl."""
    found: list[PaymentOffer] = []
    for value in fields.get(name, ()):
        # A proxy joins repeated headers with commas; `USD 1,000` is no two prices, and nobody knows which one it is.
        matches = [_PRICE(part.strip()) for part in value.split(",")] if len(value) <= HEADER_LIMIT else [None]
        read = [PaymentOffer("pay-per-crawl", m[2], m[1].upper(), where=name) for m in matches if m]
        if len(read) == len(matches):
            found += read
        else:
            remarks.append(Remark("unreadable-price", name, shown(value[:1000])))
    if len(found) > 1:
        remarks.append(Remark("repeated", name, shown(", ".join(fields[name])[:1000])))
    return found


def _x402_header(fields: Mapping[str, list[str]], remarks: list[Remark]) -> list[PaymentOffer]:
    """Read the header of x402 version 2."""
    offers: list[PaymentOffer] = []
    for value in fields.get(_X402, ()):
        given = _decoded(value)
        if isinstance(given, dict):
            offers += _accepted(given, "PAYMENT-REQUIRED", remarks)
        else:
            remarks.append(Remark("unreadable-x402", "PAYMENT-REQUIRED", shown(value[:1000])))
    return offers


def _decoded(value: str) -> Any:
    if len(value) > HEADER_LIMIT:
        return None
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return json.loads(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (ValueError, RecursionError):
        return None


def _x402_body(body: object, remarks: list[Remark]) -> list[PaymentOffer]:
    """Read the body of x402 version 1; a body of anything else says nothing."""
    if not isinstance(body, bytes) or len(body) > BODY_LIMIT or not body.lstrip().startswith(b"{"):
        return []
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return _accepted(given, "body", remarks) if "x402Version" in given else []


def _accepted(given: Mapping[str, Any], where: str, remarks: list[Remark]) -> list[PaymentOffer]:
    """Give the offers in `accepts`. Version 1 calls the amount `maxAmountRequired`."""
    accepts = given.get("accepts")
    offers: list[PaymentOffer] = []
    for n, row in enumerate(accepts if isinstance(accepts, list) else ()):
        place = f"{where}/accepts/{n}"
        offer = _offer(row, place) if isinstance(row, dict) else None
        if offer is None:
            remarks.append(Remark("unreadable-offer", place))
        else:
            offers.append(offer)
    return offers


def _offer(row: Mapping[str, Any], where: str) -> PaymentOffer | None:
    amount = row.get("amount", row.get("maxAmountRequired"))
    # Over 80 digits is no price, and Python refuses to write out very long integers.
    written = str(amount) if type(amount) is int and 0 <= amount < 10**80 else amount
    names = [row.get(name) for name in ("scheme", "network", "payTo")]
    if not isinstance(written, str) or not _AMOUNT(written) or not all(isinstance(x, str) and x for x in names):
        return None
    scheme, network, pay_to = (shown(str(name)[:1000]) for name in names)
    asset = row.get("asset")
    return PaymentOffer(scheme, written, shown(asset[:1000]) if isinstance(asset, str) else "", network, pay_to, where)
