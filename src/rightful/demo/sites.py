"""The sites of the demo: each has another robots.txt situation, and pages whose right decision is known.

The right answers are written down by hand, from RFC 9309 and the demo's policy; the demo and the tests compare
what comes out with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rightful.demo.web import Answer, redirect

if TYPE_CHECKING:
    from rightful.demo.web import Behaviour

ADMIT, HOLD, EXCLUDE = "admit", "hold", "exclude"


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of one kind: `path` has `{n}` for their number; what the decision on them is, and its first reason.

    `headers` and `head` are what was kept of the response and of the page, besides their text; `text` says what a page
    makes of a work (`works.told_again`), empty where it has a text of its own.
    """

    path: str
    admission: str
    reason: str
    language: str = "en"
    source: str = "web"
    headers: str | None = None
    head: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """One site: what it is here for, how it answers for its robots.txt, its pages, and its other files by path."""

    host: str
    shows: str
    robots: Behaviour
    pages: tuple[Pages, ...] = field(default=())
    files: dict[str, Behaviour] = field(default_factory=dict)

    @property
    def behaviour(self) -> Behaviour:
        """How the site answers, whatever it is asked for."""
        return {**(self.robots if isinstance(self.robots, dict) else {"/robots.txt": self.robots}), **self.files}


def _robots(text: str) -> Answer:
    return Answer(text.encode(), fields={"Content-Type": "text/plain"})


def _admitted(path: str = "/page/{n}", *, language: str = "en") -> Pages:
    return Pages(path, ADMIT, "GENERAL", language)


def _named(path: str = "/page/{n}", *, language: str = "en") -> Pages:
    return Pages(path, EXCLUDE, "ROBOTS_NOW:named", language)


def _wildcard(path: str = "/page/{n}", *, language: str = "en") -> Pages:
    return Pages(path, EXCLUDE, "ROBOTS_NOW:wildcard", language)


def _reserved(protocol: str, path: str = "/page/{n}") -> Pages:
    return Pages(path, EXCLUDE, f"RESERVED_NOW:{protocol}")


_HTML = Answer(
    b"<!doctype html><html><title>Everything is one page</title></html>", fields={"Content-Type": "text/html"}
)
_MANAGED = """# BEGIN managed content
User-agent: GPTBot
Disallow: /
User-agent: *
Allow: /
# END managed content

User-agent: *
Disallow: /members/
"""

_LICENCE = b"""<rsl xmlns="https://rslstandard.org/rsl">
  <content url="/stories/"><license><prohibits type="usage">ai-train</prohibits></license></content>
  <content url="/"><license><permits type="usage">all</permits></license></content>
</rsl>
"""
_PRICES = b"""<rsl xmlns="https://rslstandard.org/rsl">
  <content url="/"><license><permits type="usage">ai-all</permits><payment type="crawl"><amount currency="USD">0.01</amount></payment></license></content>
</rsl>
"""

# On a site that allows it, of a source nobody declared.
FOUND = Pages("/from-nowhere/{n}", HOLD, "PROVENANCE_UNKNOWN", source="a-disk-we-found")

SITES: tuple[Site, ...] = (
    Site("open-news.example", "allows everybody", _robots("User-agent: *\nDisallow:\n"), (_admitted("/en/story-{n}"), FOUND)),
    Site("xinwen.example", "allows everybody, in Chinese", _robots("User-agent: *\nAllow: /\n"), (_admitted("/zh/{n}.html", language="zh"),)),
    Site("no-gptbot.example", "a group that names GPTBot denies", _robots("User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow:\n"), (_named(),)),
    Site("ccbot-paths.example", "a group that names CCBot denies one folder", _robots("User-agent: CCBot\nDisallow: /archive/\n"), (_named("/archive/{n}"), _admitted("/blog/{n}"))),
    Site("closed.example", "the * group denies everything", _robots("User-agent: *\nDisallow: /\n"), (_wildcard(),)),
    Site("library.example", "path rules, the longer one wins", _robots("User-agent: *\nDisallow: /shelf/\nAllow: /shelf/free/\n"), (_wildcard("/shelf/{n}"), _admitted("/shelf/free/{n}"), _admitted("/about/{n}", language="zh"))),
    Site("no-robots.example", "404: there is no robots.txt", Answer(b"no such file", 404), (_admitted(),)),
    Site("down.example", "503: unreachable, so everything is denied", Answer(status=503), (Pages("/page/{n}", EXCLUDE, "ROBOTS_NOW:unreachable"),)),
    Site("moved.example", "the robots.txt is elsewhere, and denies", redirect("http://rules.example/robots-of-moved.txt"), (_wildcard(),)),
    Site("rules.example", "where that robots.txt is", {"/robots.txt": _robots("User-agent: *\nDisallow: /drafts/\n"), "/robots-of-moved.txt": _robots("User-agent: *\nDisallow: /\n")}, (_wildcard("/drafts/{n}"), _admitted("/notes/{n}"))),
    Site("bom.example", "a byte order mark before the first line", Answer(b"\xef\xbb\xbfUser-agent: Bytespider\nDisallow: /\n"), (_named(language="zh"),)),
    Site("oversized.example", "longer than 500 KiB: the rest is not read, and may refuse", Answer(b"User-agent: *\nDisallow: /early/\n" + b"# filler\n" * 60_000 + b"Disallow: /late/\n"), (_wildcard("/early/{n}"), Pages("/late/{n}", HOLD, "ROBOTS_UNKNOWN:now-cut"))),
    Site("managed.example", "two * groups around a managed block: both count", _robots(_MANAGED), (_named("/news/{n}"), Pages("/members/{n}", EXCLUDE, "ROBOTS_NOW:named+wildcard"))),
    Site("duplicate.example", "three * groups, merged", _robots("User-agent: *\nDisallow: /a/\n\nUser-agent: Otherbot\nDisallow: /\n\nUser-agent: *\nDisallow: /b/\n"), (_wildcard("/a/{n}"), _wildcard("/b/{n}"), _admitted("/c/{n}"))),
    Site("cr-only.example", "lines end with a bare CR", _robots("User-agent: *\rDisallow: /old/\r"), (_wildcard("/old/{n}"), _admitted("/new/{n}"))),
    Site("refused.example", "403: the server is there and will not say", Answer(b"forbidden", 403), (Pages("/page/{n}", EXCLUDE, "ROBOTS_NOW:refused"),)),
    Site("one-page.example", "a web page where the robots.txt should be", _HTML, (_admitted("/app/{n}"),)),
    Site("control-only.example", "Google-Extended: a name that exists to refuse training", _robots("User-agent: Google-Extended\nDisallow: /\n"), (_named("/en/{n}"), _named("/zh/{n}", language="zh"))),
    Site("search-only.example", "denies a search crawler, which is no training crawler", _robots("User-agent: OAI-SearchBot\nDisallow: /\n"), (_admitted(),)),
    Site("joined.example", "Crawl-delay does not end a group: CCBot is in the next one", _robots("User-agent: CCBot\nCrawl-delay: 5\n\nUser-agent: Badbot\nDisallow: /\n"), (_named(),)),
    Site("wildcards.example", "* and $ in patterns", _robots("User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?session=\n"), (_wildcard("/files/{n}.pdf"), _wildcard("/shop/{n}?session=1"), _admitted("/files/{n}.pdf.html"))),
    Site("wenzhang.example", "a path in Chinese, written with and without escapes", _robots("User-agent: *\nDisallow: /文章/\n"), (_wildcard("/%E6%96%87%E7%AB%A0/{n}", language="zh"), _wildcard("/文章/z{n}", language="zh"), _admitted("/guanyu/{n}", language="zh"))),
    Site("reset.example", "the connection breaks off", Answer(ending="reset"), (Pages("/page/{n}", EXCLUDE, "ROBOTS_NOW:unreachable"),)),
    Site("too-many.example", "429: come back later", Answer(status=429), (Pages("/page/{n}", EXCLUDE, "ROBOTS_NOW:refused"),)),
    Site("loop.example", "redirects without end", redirect("http://loop.example/robots.txt"), (Pages("/page/{n}", EXCLUDE, "ROBOTS_NOW:unreachable"),)),
    Site("empty.example", "an empty robots.txt allows", Answer(b""), (_admitted(),)),
    Site("own-name.example", "GPTBot may, everybody else may not: * counts by itself", _robots("User-agent: GPTBot\nAllow: /\n\nUser-agent: *\nDisallow: /\n"), (_wildcard(),)),
    Site("versioned.example", "a token with a version", _robots("User-agent: GPTBot/1.2\nDisallow: /v/\n"), (_named("/v/{n}"), _admitted("/w/{n}"))),
    Site("signals.example", "Content-Signal: search yes, training no", _robots("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"), (_reserved("content-signal"),)),
    Site("aipref.example", "Content-Usage: the longest path selects", _robots("User-agent: *\nContent-Usage: train-ai=y\nContent-Usage: /essays/ train-ai=n\nAllow: /\n"), (_reserved("content-usage", "/essays/{n}"), _admitted("/notes/{n}"))),
    Site("tdm.example", "tdmrep.json: the first rule that matches decides", _robots(""), (_reserved("tdmrep", "/texts/{n}"), _admitted("/open/{n}")), {"/.well-known/tdmrep.json": Answer(b'[{"location": "/open/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]')}),
    Site("trust.example", "trust.txt: no training", _robots(""), (_reserved("trust-txt"),), {"/trust.txt": Answer(b"member=https://association.example/\ndatatrainingallowed=no\n")}),
    Site("paintings.example", "ai.txt: HTML may not be taken, and a page is HTML", _robots(""), (_reserved("ai-txt", "/about/{n}"), _admitted("/captions/{n}.txt")), {"/ai.txt": Answer(b"User-Agent: *\nDisallow: *.html\nAllow: *.txt\n")}),
    Site("every-path.example", "one web page at every path: none of its signal files is one", _HTML, (_admitted(),), dict.fromkeys(("/ai.txt", "/trust.txt", "/.well-known/tdmrep.json"), _HTML)),
    Site("licensed.example", "RSL: training is prohibited, by a licence robots.txt points to", _robots("License: http://licensed.example/rsl.xml\nUser-agent: *\nAllow: /\n"), (_reserved("rsl", "/stories/{n}"), Pages("/notes/{n}", ADMIT, "LIC:rsl")), {"/rsl.xml": Answer(_LICENCE)}),
    Site("for-sale.example", "RSL: training against payment for every crawl", _robots("License: /terms.xml\nUser-agent: *\nAllow: /\n"), (Pages("/page/{n}", HOLD, "PAYMENT_DUE:rsl:crawl"),), {"/terms.xml": Answer(_PRICES)}),
    Site("lost-licence.example", "RSL: a licence is declared, and is not there: nothing is licensed", _robots("License: http://lost-licence.example/none.xml\n"), (_reserved("rsl"),)),
    Site("own-words.example", "what single pages say: a header, a licence, a link to a licence", _robots("User-agent: *\nAllow: /\n"), (Pages("/sketch/{n}", EXCLUDE, "RESERVED_FETCH:robots-tag", headers="X-Robots-Tag: noai, noimageai"), Pages("/song/{n}", EXCLUDE, "NC:page", head='<link rel="license" href="https://creativecommons.org/licenses/by-nc/4.0/">'), Pages("/stories/{n}", EXCLUDE, "RESERVED_NOW:rsl", head='<link rel="license" type="application/rsl+xml" href="/page.xml">'), Pages("/open/{n}", ADMIT, "GENERAL", headers="Server: nginx", head='<meta name="robots" content="index, follow">')), {"/page.xml": Answer(_LICENCE)}),
    Site("author.example", "allowed by robots.txt, opted out through the register", _robots("User-agent: *\nAllow: /\n"), (Pages("/novel/{n}", EXCLUDE, "OPTOUT:site"),)),
    Site("forum.example", "one thread opted out, one request not verified yet", _robots(""), (Pages("/thread/7/{n}", EXCLUDE, "OPTOUT:prefix"), Pages("/thread/8/{n}", HOLD, "OPTOUT_PENDING:prefix"), _admitted("/thread/9/{n}"))),
    Site("mirror.example", "a copy of an opted-out work, found by its digest", _robots("User-agent: *\nDisallow:\n"), (Pages("/copy/{n}", EXCLUDE, "OPTOUT:content", text="copy"), _admitted("/own/{n}"))),
    Site("retold.example", "an opted-out work edited, inside other texts, and quoted at length, found by its fingerprint", _robots("User-agent: *\nDisallow:\n"), (Pages("/edited/{n}", EXCLUDE, "OPTOUT:near", text="edited"), Pages("/collected/{n}", EXCLUDE, "OPTOUT:contained", text="inside"), Pages("/quoted/{n}", HOLD, "OPTOUT_UNSURE:contained", text="quoted"))),
    Site("letters.example", "a work that is opted out only when the data set is made", _robots("User-agent: *\nDisallow:\n"), (Pages("/letter/{n}", ADMIT, "GENERAL", text="letter"),)),
    Site("textbook.example", "openly licensed, evidenced", _robots("User-agent: *\nDisallow: /\n"), (Pages("/chapter/{n}", ADMIT, "LIC:cc-by-4.0", source="textbook"), Pages("/zhang/{n}", ADMIT, "LIC:cc-by-4.0", "zh", "textbook"))),
    Site("gazette.example", "official texts, evidenced", _robots("User-agent: *\nAllow: /\n"), (Pages("/law/{n}", ADMIT, "PD:official", source="gazette"), Pages("/falv/{n}", ADMIT, "PD:official", "zh", "gazette"))),
)  # fmt: skip

# Records that come from no site at all.
LOST = (
    Pages("", HOLD, "UNATTRIBUTABLE:no-url"),
    Pages("not a URL {n}", HOLD, "UNATTRIBUTABLE:url-not-readable"),
)
