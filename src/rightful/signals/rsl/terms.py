"""The words of RSL, and the terms a document is made of once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.facts.statement import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = "rsl"
NAMESPACE = "https://rslstandard.org/rsl"
MEDIA_TYPE = "application/rsl+xml"
DEFAULT_MAX_AGE_DAYS = 30

# What makes a document not conformant; the rest its author may want to know.
PROBLEMS = {
    "unobtainable": "a licence is declared and its document could not be obtained: nothing is licensed (4.3)",
    "too-large": "the document is larger than 512 KiB: it was not read, and nothing is licensed",
    "too-many-attributes": "an element has more than 5,000 attributes: it was not read, and nothing is licensed",
    "not-xml": "the document is no well-formed XML: nothing is licensed (4.3)",
    "declarations": "it declares entities or attributes of its own; they are not followed, so it cannot be read whole",
    "not-rsl": f"the root is no <rsl> in the namespace {NAMESPACE} (3.2)",
    "unknown-element": "an element in the RSL namespace that the specification does not have there (3.1)",
    "no-content": "an RSL document has one <content> at least (3.2)",
    "one-content": "a document inside a page has exactly one <content> (4.6)",
    "no-url": "a <content> needs a url, which may be empty (3.3)",
    "no-license": "a <content> needs a <license> (3.3); <terms> alone license nothing",
    "unknown-type": "permits and prohibits have a type: usage, user or geo (3.5, 3.6)",
    "repeated": "a <license> has one <permits> and <prohibits> per type, values separated by spaces, and one <payment>",
}
REMARKS = PROBLEMS | {
    "unknown-token": "a value RSL does not know; permitted it grants nothing, prohibited it may mean anything",
    "unknown-payment": "a payment type RSL does not know: something is to be paid",
    "price-unexplained": "an amount with a payment type that asks for none (3.7): something is to be paid",
    "no-currency": "an amount needs a currency, ISO 4217 (3.10)",
    "relative-url": "a url is a path that begins with / or *, or absolute; it is read as a path",
    "max-age": "max-age is a whole number of days from 1; 30 are assumed (3.2)",
    "encrypted-without-server": "encrypted content needs a server to give the key (3.3)",
    "older-spelling": "commas, `inference` and XBT are of drafts before 1.0",
    "no-item": "no item of the feed has an <rsl:content>: nothing is licensed or reserved by it (4.7)",
    "contradiction": "the same use is permitted and prohibited; whoever has no licence has none",
}

CHILDREN = {
    "rsl": frozenset({"content"}),
    "content": frozenset({"license", "alternate", "schema", "copyright", "terms"}),
    "license": frozenset({"permits", "prohibits", "payment", "reporting", "legal"}),
    "payment": frozenset({"standard", "custom", "amount", "accepts"}),
}

# Fetching is robots.txt's to decide (4.4).
USAGES = (Usage.TRAIN, Usage.INPUT, Usage.SEARCH)

# How narrow a word is: of two, the narrower counts (3.1.1). A licence without `permits` permits everything.
UNSTATED, EVERYTHING, EVERY_AI, PART, EXACT = range(5)

# Word -> how narrow it is for each use it is about (3.4.1). A PART of a use is prohibited with the whole and grants
# none of it: keeping a copy in an AI system's index (`ai-index`) is what retrieval needs, and is not yet retrieval;
# a summary is one of many things made from an input. `train-ai` and below are of AIPREF and of drafts before 1.0.
USAGE_WORDS: dict[str, dict[Usage, int]] = {
    "all": dict.fromkeys(USAGES, EVERYTHING),
    "ai-all": {Usage.TRAIN: EVERY_AI, Usage.INPUT: EVERY_AI},
    "ai-train": {Usage.TRAIN: EXACT},
    "ai-input": {Usage.INPUT: EXACT},
    "ai-index": {Usage.INPUT: PART},
    "search": {Usage.SEARCH: EXACT},
    "train-ai": {Usage.TRAIN: EXACT},
    "train-genai": {Usage.TRAIN: EXACT},
    "ai-use": {Usage.INPUT: EXACT},
    "ai-summarize": {Usage.INPUT: PART},
}

# `all` is in no version, and is written.
EVERY_USER = "all"
USERS = frozenset({"commercial", "non-commercial", "education", "government", "personal", EVERY_USER})

EU = "EU"
EU_MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a list
)

LICENCE = "licence"
LICENCE_SERVER = "licence-server"
REPORTING = "reporting"
GEO = "geo"
SOME_PAYMENT = "payment"
PAYMENT_CRAWL = "payment:crawl"

# Payment type -> what it asks for (3.7); nothing is asked where it is free.
PAYMENTS = {
    "free": "",
    "attribution": "attribution",
    "contribution": "contribution",
    "purchase": "payment:purchase",
    "subscription": "payment:subscription",
    "training": "payment:training",
    "crawl": PAYMENT_CRAWL,
    "use": "payment:use",
}
OLDER_PAYMENTS = {"inference": "use"}
OLDER_CURRENCIES = frozenset({"XBT"})

# What does not keep anybody from a use: it comes with it.
WITHOUT_CHARGE = frozenset({"attribution"})


@dataclass(frozen=True, slots=True)
class PaymentTerm:
    """What one licence costs: a fact for whoever compares, not a permission.

    Attributes:
        type: of 3.7, as 1.0 spells it (`free` where there is none); one RSL does not know stands as written.
        amount: as written, None where no price is named.
        currency: ISO 4217 as written, empty where none is named.
        standard_url: a licence shared by many publishers.
        custom_url: where the publisher licenses.
        accepts: media types of payment protocols.
        server: the licence server.
        usages: what it is paid for.
    """

    type: str = "free"
    amount: str | None = None
    currency: str = ""
    standard_url: str = ""
    custom_url: str = ""
    accepts: tuple[str, ...] = ()
    server: str = ""
    usages: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class License:
    """One set of terms; several of a content are alternatives (3.4).

    Attributes:
        where: `line 12 license`.
        text: the element as written, cut.
        permits: values by type (`usage`, `user`, `geo`); a type that is missing is not restricted.
        prohibits: the same.
        payment: without server and usages, which `payment_terms` adds.
        asks: conditions of payment and reporting.
    """

    where: str
    text: str
    permits: Mapping[str, frozenset[str]]
    prohibits: Mapping[str, frozenset[str]]
    payment: PaymentTerm
    asks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Content:
    """What licences are about.

    Attributes:
        url: as written.
        pattern: its path as a canonical pattern of robots.txt; empty where it is everything.
        server: licence server, empty where there is none.
        asks: conditions of the content itself.
        licenses: one at least.
    """

    url: str
    pattern: str
    server: str
    asks: frozenset[str]
    licenses: tuple[License, ...]
