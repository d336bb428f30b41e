"""Hostile documents that are read line by line, or field by field: signal files, headers, what is kept of them."""

from __future__ import annotations

from tests.benchmarks.hostile_documents.making import BODY, FIELD, FILE, Document, filled, in_base64, nested, rows

_RULES = ("robots_txt", "ai_txt", "reading_aloud")
_FIELDS = ("content_usage", "content_signal", "structured_field", "robots_tag", "tdmrep_pairs", "page_fields")
_RESPONSES = ("http_payment", "page_fields", "reading_aloud")
_LINKS = ("rsl_discovery", "page_fields", "reading_aloud")
_EVERY = (
    *("robots_txt", "ai_txt", "trust_txt", "tdmrep", "tdm_policy", "rsl", "rsl_discovery", "page_meta", "c2pa", "plus"),
    *("http_payment", "licence", "reading_aloud", *_FIELDS),
)
_OFFER = '{"scheme":"exact","amount":"1","network":"base","payTo":"x"},'
_ACCEPTS = '{"x402Version":1,"accepts":['

DOCUMENTS: tuple[Document, ...] = (
    *rows(_EVERY, {
        "one line": filled("a"),
        "millions of lines": filled("a\n"),
        "line ends": filled("\r\n"),
        "white space": filled(" "),
        "NULs": filled(b"\0"),
        "no UTF-8": filled(b"\xff\x80\xc3"),
        "commas": filled(","),
        "colons and equals signs": filled("a:b=c;"),
    }),
    *rows(_RULES, {
        "rules": filled("Disallow: /a{n}\n", "User-agent: *\n"),
        "rules, nearly matching": filled("Disallow: /*aaaa{n}\n", "User-agent: *\n"),
        "wildcards": filled("Disallow: /*a*a*a*a*a*{n}b\n", "User-agent: *\n"),
        "one pattern of wildcards": filled("*a", "User-agent: *\nDisallow: /", "b$\n"),
        "every other rule allows": filled("Disallow: /*a{n}$\nAllow: /*b{n}$\n", "User-agent: *\n"),
        "escapes": filled("Disallow: /%41%zz%2f?%3a\xe9{n}\n", "User-agent: *\n"),
        "groups": filled("User-agent: b{n}\nDisallow: /\n"),
        "groups of everybody": filled("User-agent: *\nDisallow: /{n}\n"),
        "a group of many": filled("User-agent: b{n}\n", "User-agent: gptbot\n", "Disallow: /\n"),
        "tokens in a line": filled("b{n},", "User-agent: ", "\nDisallow: /\n"),
        "groups of known tokens": filled("User-agent: gptbot, ccbot, claudebot\nDisallow: /{n}\nUser-agent: gptbot\n"),
        "licences": filled("License: https://h.example/{n}\n", "User-agent: *\n"),
        "licences before the groups": filled("Licence: https://h.example/{n}\n", "Content-Usage: train-ai=n\n"),
        "usages": filled("Content-Usage: train-ai=n, x{n}\n", "User-agent: *\n"),
        "usages before the groups": filled("Content-Usage: train-ai=n\n"),
        "usages of paths": filled("Content-Usage: /*a*{n} train-ai=n\n", "User-agent: *\n"),
        "signals": filled("Content-Signal: ai-train=no\n", "User-agent: *\n"),
        "signals of paths": filled("Content-Signal: /*a*{n} ai-train=no\n", "User-agent: *\n"),
        "a long signal": filled("use=x,", "User-agent: *\nContent-Signal: "),
    }, FILE),
    *rows(("trust_txt", "reading_aloud"), {
        "attributes": filled("member=https://h.example/{n}\n"),
        "one attribute": filled("datatrainingallowed=no\n"),
        "one attribute, neither yes nor no": filled("datatrainingallowed={n}\n"),
    }, FILE),
    *rows(_FIELDS, {
        "keys": filled("a{n}=y, "),
        "one key": filled("train-ai=n, "),
        "parameters": filled(";p{n}=1", "train-ai=n"),
        "inner lists": filled("1 ", "a=(", ")"),
        "an open string": filled("x", 'a="'),
        "escapes in a string": filled('\\"', 'a="'),
        "octets": filled("QUJD", "a=:", ":"),
        "a huge number": filled("9", "a="),
        "exceptions": filled("cc-cr ", 'train-ai=n;exceptions="', '"'),
        "signals": filled("ai-train=no, search=maybe, "),
        "uses": filled("use=x, "),
        "words": filled("noai, "),
        "words nobody knows": filled("no{n}, "),
        "words without commas": filled("noai noindex "),
        "bots": filled("b{n}: noai, "),
        "one bot's bots": filled("b{n}: "),
        "dates": filled("unavailable_after: 25 Jun 2010 15:00:00 PST, "),
        "limits": filled("max-snippet: 0 max-snippet: x, "),
    }),
    *rows(("tdmrep_pairs", "robots_tag", "page_fields"), {
        "reservations": filled("tdm-reservation: 1\n"),
        "reservations that are none": filled("tdm-reservation: yes{n}\n"),
        "policies": filled("tdm-policy: /{n}\n", "tdm-reservation: 1\n"),
        "metas of robots": filled("robots: noai\n"),
    }),
    *rows(_LINKS, {
        "links": filled('<https://h.example/{n}>; rel="license"; type="application/rsl+xml", ', "Link: "),
        "lines of links": filled('Link: </{n}>; rel=license; type="application/rsl+xml"\n', "HTTP/1.1 200\n"),
        "parameters of a link": filled("; p{n}=1", "Link: <u>"),
        "a quoted string left open": filled('; a="\\', "Link: <u>"),
        "brackets left open": filled("<", "Link: "),
        "links without parameters": filled("<>,", "Link: "),
        "spaces in a link": filled("; a    ", "Link: <u>"),
    }),
    *rows(_RESPONSES, {
        "responses": filled("HTTP/1.1 402\ncrawler-price: USD 1\n\n"),
        "header lines": filled("X-Robots-Tag: b{n}: noai\n", "HTTP/1.1 402\n"),
        "folded lines": filled(" x\n", "HTTP/1.1 402\nX-Robots-Tag: noai\n"),
        "prices": filled("USD 1.{n},", "HTTP/1.1 402\ncrawler-price: "),
        "lines of prices": filled("crawler-price: USD 1\n", "HTTP/1.1 402\n"),
        "lines of bids": filled("crawler-exact-price: USD {n}\ncrawler-max-price: x\n", "HTTP/1.1 402\n"),
        "a price that is none": filled("1", "HTTP/1.1 402\ncrawler-price: USD "),
    }),
    *rows(_RESPONSES, {
        "an offer in base64": in_base64(filled(_OFFER, _ACCEPTS, "{}]}"), "HTTP/1.1 402\npayment-required: "),
    }, FIELD),
    *rows(_RESPONSES, {
        "offers": filled(_OFFER, f"402\n\n{_ACCEPTS}", "{}]}"),
        "offers that are none": filled("{},", f"402\n\n{_ACCEPTS}", "{}]}"),
        "an offer of arrays": nested("[", "]", f"402\n\n{_ACCEPTS}", "]}"),
        "a huge amount": filled("9", f'402\n\n{_ACCEPTS}{{"amount":', "}]}"),
    }, BODY),
    *rows(("page_fields",), {
        "statuses": filled("402\x1e", "http_status: ", "402"),
        "statuses and prices": filled("http_status: 402\ncrawler_price: USD 1\n"),
        "lines of usages": filled("content_usage: train-ai=n\n"),
        "lines of signals": filled("content_signal: use=x\n"),
        "lines of manifests": filled('c2pa: {"cawg.ai_training": {"use": "notAllowed"}}\n'),
        "lines of packets": filled("data_mining: DMI-PROHIBITED\n"),
        "lines of documents": filled('rsl_inline: <rsl xmlns="https://rslstandard.org/rsl"/>\n'),
        "lines of addresses": filled("rsl_url: https://h.example/{n}\n"),
        "lines of licences": filled("page_licence: CC-BY-{n}\n"),
        "things unread": filled("unread: x{n}\nlooked_at: page\n"),
    }),
    *rows(("licence", "page_fields"), {
        "licences to choose from": filled(" OR a-{n}", "mit"),
        "licences that all apply": filled(" AND (a-{n} OR b-{n})", "mit"),
        "exceptions": filled(" WITH x", "mit"),
        "parentheses": nested("(", ")", within="mit OR x"),
        "any later version": filled("+", "mit"),
        "elements": filled("-nc", "cc-by"),
        "versions": filled("1.", "cc by "),
        "addresses": filled("//creativecommons.org/licenses/by/4.0/{n} "),
        "archives": filled("web.archive.org/web/1/", "https://"),
        "sentences": filled("All rights reserved. "),
    }, 2_000),
)  # fmt: skip
