"""Reading an RSL document: XML in, terms out. Nothing it refers to is followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree

from rightful.facts.statement import Preference, Reading, Remark, Statement, shown
from rightful.signals.robots_txt.paths import canonical_pattern
from rightful.signals.rsl import elements, evaluate, terms
from rightful.signals.rsl.terms import NAMESPACE, PROTOCOL, Content, License, PaymentTerm

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_DAYS = re.compile(r"[1-9][0-9]{0,5}").fullmatch
_ZERO = re.compile(r"0*(\.0*)?").fullmatch
_SEPARATORS = re.compile(r"[\s,]+")
# An author who reads a hundred remarks has enough to do.
_MOST_REMARKS = 100
_PREFIX = f"{{{NAMESPACE}}}"
_CONTENT = f"{_PREFIX}content"
_TYPES = frozenset({"usage", "user", "geo"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|//").match


class RslDocument:
    """A document as read. Make one with `RslDocument.parse(body)`.

    Attributes:
        contents: what it licenses, as written; what could be read of it where there is a problem.
        problem: why it is not conformant, one of `PROBLEMS`; empty where it is.
        version: `1.0`, or `0.9` where the spelling is of an earlier draft (they share a namespace).
        max_age_days: how long it may be relied upon (3.2).
        remarks: what its author would want to know, the problem included.
    """

    def __init__(self) -> None:
        self.contents: tuple[Content, ...] = ()
        self.problem = ""
        self.version = "1.0"
        self.max_age_days = terms.DEFAULT_MAX_AGE_DAYS
        self.remarks: tuple[Remark, ...] = ()
        self._in_page = False
        self._found: dict[Remark, None] = {}
        self._by_scope: list[Content] = []

    @classmethod
    def parse(cls, body: bytes, *, in_page: bool = False) -> RslDocument:
        """Read a document as served, whatever its media type says. Never raises.

        Args:
            body: any octets.
            in_page: it stands inside a page, where it has exactly one content (4.6), which is for that page whatever
                its url says; the content may stand alone.
        """
        document = cls()
        document._in_page = in_page
        root = document._root(body)
        if root is not None:
            document._read_max_age(root)
            alone = root.tag == _CONTENT
            document._read([root] if alone else list(document._children(root, "rsl")), root)
        document.remarks = tuple(document._found)
        return document

    @classmethod
    def of_content(cls, element: etree._Element) -> RslDocument:
        """Read a `<content>` that stands in something else, as for an item of a feed (4.7)."""
        document = cls()
        document._in_page = True
        document._read([element], element)
        document.remarks = tuple(document._found)
        return document

    def _read(self, found: list[etree._Element], root: etree._Element) -> None:
        self.contents = tuple(self._content(element) for element in found)
        if not self.contents:
            self._remark("no-content", root)
        elif self._in_page and len(self.contents) > 1:
            self._remark("one-content", root)
        self._by_scope = sorted(self.contents, key=lambda content: -len(content.pattern))

    def statements(self, target: str, *, user: str = "commercial", geo: str | None = None) -> Reading:
        """Give what it states about a path.

        Args:
            target: path and query, as WHATWG parsing leaves them.
            user: who uses it, of 3.4.1.
            geo: where, an ISO 3166-1 alpha-2 code or `EU`; None where that is not known.
        """
        if self.problem:
            found = next(remark for remark in self.remarks if remark.code == self.problem)
            why = f"not conformant, {self.problem}: {found.text}"
            return Reading(_unlicensed(found.where, shown(why), self.version), self.remarks)
        statements: list[Statement] = []
        remarks = list(self.remarks)
        for content in self._governing(target):
            reading = evaluate.content_reading(content, self.version, user=user.lower(), geo=geo)
            statements.extend(reading.statements)
            remarks.extend(reading.remarks)
        return Reading(tuple(statements), tuple(remarks))

    def part(self, target: str) -> Hashable:
        """Give what of a path decides: which contents govern it."""
        return () if self.problem else tuple(evaluate.governing(self._by_scope, target))

    def _governing(self, target: str) -> list[Content]:
        return [self._by_scope[number] for number in evaluate.governing(self._by_scope, target)]

    def payment_terms(self, target: str) -> tuple[PaymentTerm, ...]:
        """Give what the licences that govern a path cost; nothing where the document licenses nothing."""
        if self.problem:
            return ()
        return tuple(
            evaluate.payment_term(content, license_)
            for content in self._governing(target)
            for license_ in content.licenses
        )

    def _root(self, body: bytes) -> etree._Element | None:
        odd = elements.too_much(body)
        if odd:
            self._problem(Remark(odd, text=f"{len(body)} octets"))
            return None
        try:
            root = etree.fromstring(body, elements.safe_parser())
        except (etree.LxmlError, ValueError, LookupError) as error:
            self._problem(Remark("not-xml", f"line {getattr(error, 'lineno', None) or 1}", shown(str(error)[:1000])))
            return None
        # Before anything is looked at: an attribute may be made of entities, or come from a declaration.
        if elements.declares_names(root):
            self._problem(Remark("declarations", "line 1", "DOCTYPE"))
            return None
        if root.tag != f"{_PREFIX}rsl" and not (self._in_page and root.tag == _CONTENT):
            self._remark("not-rsl", root)
            return None
        return root

    def _problem(self, remark: Remark) -> None:
        if not self.problem:
            self._found[remark] = None
            self.problem = remark.code
        self._note(remark)

    def _note(self, remark: Remark) -> None:
        if len(self._found) < _MOST_REMARKS:
            self._found[remark] = None

    def _remark(self, code: str, element: etree._Element, text: str | None = None) -> None:
        if len(self._found) >= _MOST_REMARKS and (self.problem or code not in terms.PROBLEMS):
            return
        remark = Remark(
            code, elements.where(element), elements.written(element) if text is None else shown(text[:1000])
        )
        if code in terms.PROBLEMS:
            self._problem(remark)
        else:
            self._note(remark)

    def _children(self, element: etree._Element, name: str) -> Iterator[etree._Element]:
        """Give the RSL elements in one; those of other namespaces are passed over (3.1)."""
        allowed = terms.CHILDREN.get(name, frozenset())
        for child in element:
            tag: Any = child.tag  # a function where it is a comment or an entity
            if isinstance(tag, str) and tag.startswith(_PREFIX):
                if tag.removeprefix(_PREFIX) in allowed:
                    yield child
                else:
                    self._remark("unknown-element", child)

    def _read_max_age(self, root: etree._Element) -> None:
        written = root.get("max-age")
        if written is None:
            return
        if _DAYS(written.strip()):
            self.max_age_days = int(written)
        else:
            self._remark("max-age", root, written)

    def _content(self, element: etree._Element) -> Content:
        url = element.get("url")
        if url is None:
            self._remark("no-url", element)
            url = ""
        licenses = []
        for child in self._children(element, "content"):
            name = etree.QName(child).localname
            if name == "license":
                licenses.append(self._license(child))
            else:
                self._leaf(child)
        if not licenses:
            self._remark("no-license", element)
        server = (element.get("server") or "").strip()
        encrypted = (element.get("encrypted") or "").strip().lower() == "true"
        if encrypted and not server:
            self._remark("encrypted-without-server", element)
        asks = frozenset({terms.LICENCE_SERVER} if server or encrypted else ())
        return Content(url, self._pattern(url.strip(), element), server, asks, tuple(licenses))

    def _pattern(self, url: str, element: etree._Element) -> str:
        """Give a url's path and query as a pattern. Whose host it is, is not asked: the document is the site's."""
        if self._in_page:
            return ""
        path = url.partition("#")[0]
        if _ABSOLUTE(path):
            try:
                parts = urlsplit(path)
            except ValueError:
                parts = urlsplit("")
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not url:
            return ""
        if path[:1] not in {"/", "*"}:
            self._remark("relative-url", element, url)
            path = f"/{path}"
        return canonical_pattern(path.encode("utf-8", "replace").decode("latin-1"))

    def _license(self, element: etree._Element) -> License:
        permits: dict[str, frozenset[str]] = {}
        prohibits: dict[str, frozenset[str]] = {}
        payments: list[PaymentTerm] = []
        asks: set[str] = set()
        for child in self._children(element, "license"):
            name = etree.QName(child).localname
            if name == "payment":
                if payments:
                    self._remark("repeated", child)
                payments.append(self._payment(child, asks))
                continue
            self._leaf(child)
            if name == "reporting":
                asks.add(terms.REPORTING)  # whoever does not report as asked is not licensed (3.12)
            elif name != "legal":
                self._values(child, permits if name == "permits" else prohibits)
        payment = payments[0] if payments else PaymentTerm()
        return License(elements.where(element), elements.written(element), permits, prohibits, payment, frozenset(asks))

    def _values(self, element: etree._Element, into: dict[str, frozenset[str]]) -> None:
        kind = (element.get("type") or "").strip().lower()
        written = elements.text(element)
        if kind not in _TYPES:
            self._remark("unknown-type", element)
            return
        if kind in into:
            self._remark("repeated", element)
        if "," in written:
            self._older(element, written)
        values = frozenset(filter(None, _SEPARATORS.split(written.upper() if kind == "geo" else written.lower())))
        known = {"usage": terms.USAGE_WORDS.keys(), "user": terms.USERS}.get(kind)
        if known is not None and not values <= known:
            self._remark("unknown-token", element, " ".join(sorted(values - known)))
        into[kind] = into.get(kind, frozenset()) | values

    def _payment(self, element: etree._Element, asks: set[str]) -> PaymentTerm:
        kind = (element.get("type") or "free").strip().lower()
        if kind in terms.OLDER_PAYMENTS:
            self._older(element, kind)
            kind = terms.OLDER_PAYMENTS[kind]
        parts: dict[str, str] = {}
        accepts, currency = [], ""
        for child in self._children(element, "payment"):
            self._leaf(child)
            name = etree.QName(child).localname
            if name == "accepts":
                accepts.append(shown((child.get("type") or "").strip()))
            parts.setdefault(name, shown(elements.text(child)))
            if name == "amount":
                currency = currency or shown((child.get("currency") or "").strip())
                if not currency:
                    self._remark("no-currency", child)
                if currency.upper() in terms.OLDER_CURRENCIES:
                    self._older(child, currency)
        if kind not in terms.PAYMENTS:
            self._remark("unknown-payment", element, kind)
        condition = terms.PAYMENTS.get(kind, terms.SOME_PAYMENT)
        amount = parts.get("amount")
        if condition in {"", *terms.WITHOUT_CHARGE} and amount is not None and not _ZERO(amount):
            self._remark("price-unexplained", element)
            asks.add(terms.SOME_PAYMENT)
        asks.update({condition} - {""})
        return PaymentTerm(
            shown(kind), amount, currency, parts.get("standard", ""), parts.get("custom", ""), tuple(accepts)
        )

    def _leaf(self, element: etree._Element) -> None:
        """See that an element that holds text has no RSL element in it."""
        for _ in self._children(element, ""):
            pass

    def _older(self, element: etree._Element, written: str) -> None:
        self.version = "0.9"
        self._remark("older-spelling", element, written)


def unobtainable(url: str) -> Reading:
    """Give what stands where a licence is declared and its document cannot be had: nothing is licensed (4.3)."""
    return Reading(_unlicensed("license", url, "1.0"), (Remark("unobtainable", "license", shown(url[:1000])),))


def _unlicensed(where: str, text: str, version: str) -> tuple[Statement, ...]:
    return tuple(
        Statement(PROTOCOL, usage, Preference.DENY, version, where, shown(text[:1000])) for usage in terms.USAGES
    )
