"""The values everything else is built from: frozen, no I/O, no framework.

May import: the standard library, and in `site` the two libraries that define what a site *is*
(WHATWG URL parsing and the Public Suffix List). Example:

    >>> from rightful.facts.site import parse_url
    >>> parse_url("HTTPS://Example.ORG:443/a/../b?q").origin
    'https://example.org'
"""
