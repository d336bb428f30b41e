r"""RSL, Really Simple Licensing: version 1.0 (RSL-SPEC-1.0 of 2025-12-10, errata to 2026-08-07) and drafts of it (0.9).

- An RSL document lists contents by path, each with one or more licences: what is permitted and prohibited, to whom,
  where, and for what payment. Some other document declares it: robots.txt, a `Link` header, a page.
- A content is found as robots.txt finds a rule (RFC 9309 2.2.2). Narrower beats broader, `prohibits` beats `permits`
  in the same scope, and `permits` is a closed list (3.1.1, 3.3 to 3.6). Order does not matter.
- Whoever declares a document that cannot be obtained, or does not conform, has licensed nothing (4.3).
- Fetching is left to robots.txt (4.4): it is spoken of only where a licence server stands before it, or a crawl is
  paid for.

Example:
    >>> from rightful.signals.rsl import RslDocument
    >>> document = RslDocument.parse(
    ...     b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    ...     b'<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
    ... )
    >>> [f"{s.usage}: {s.preference}" for s in document.statements("/essay").statements]
    ['train-ai: deny', 'ai-input: allow', 'search: allow']
"""

from __future__ import annotations

from rightful.signals.rsl.discovery import InPage, in_elements, in_page, licence_urls, link_urls
from rightful.signals.rsl.document import RslDocument, unobtainable
from rightful.signals.rsl.feed import Feed, FeedItem, alone, in_metadata
from rightful.signals.rsl.terms import MEDIA_TYPE, NAMESPACE, PROTOCOL, REMARKS, Content, License, PaymentTerm

__all__ = [
    "MEDIA_TYPE",
    "NAMESPACE",
    "PROTOCOL",
    "REMARKS",
    "Content",
    "Feed",
    "FeedItem",
    "InPage",
    "License",
    "PaymentTerm",
    "RslDocument",
    "alone",
    "in_elements",
    "in_metadata",
    "in_page",
    "licence_urls",
    "link_urls",
    "unobtainable",
]
