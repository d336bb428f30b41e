"""Locations: read as browsers read them, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.moment import parse_time
from rightful.facts.site import host_suffixes, parse_host, parse_url, registrable_domain, sibling_origin


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://example.com\\@evil.com/", "https://example.com/@evil.com/"),
        ("HTTP://EXAMPLE.com:80/a/../b?x#f", "http://example.com/b?x"),
        ("https://user:pass@example.com/", "https://example.com/"),
        ("https://exa\nmple.com/a\tb", "https://example.com/ab"),
        ("http:///example.com/", "http://example.com/"),
        ("http://example.com./x", "http://example.com/x"),
        ("https://bücher.example/ö?ü", "https://xn--bcher-kva.example/%C3%B6?%C3%BC"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("https://example.com/search?", "https://example.com/search?"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
    ],
)
def test_urls_are_read_as_browsers_read_them(url, href):
    assert parse_url(url).href == href


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "data:text/plain,x",
        "https://",
        "http://a b/",
        "https://127.1..",
        "http://a.example../",
    ],
)
def test_what_names_no_web_location_is_none(url):
    assert parse_url(url) is None


@given(st.text(max_size=60))
def test_reading_is_settled_after_one_step(text):
    location = parse_url(f"https://{text}")
    if location is not None:
        assert parse_url(location.href) == location
        assert location.href == location.origin + location.target
        assert location.target.startswith("/")


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("a.b.co.uk", "b.co.uk"),
        ("foo.github.io", "foo.github.io"),
        ("bar.foo.github.io", "foo.github.io"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("news.example", "news.example"),
        ("co.uk", "co.uk"),
    ],
)
def test_sites(host, site):
    assert registrable_domain(host) == site


def test_siblings_differ_in_scheme_and_have_no_port():
    assert sibling_origin("https://h.example") == "http://h.example"
    assert sibling_origin("http://[::1]") == "https://[::1]"
    assert sibling_origin("https://h.example:8443") is None


def test_hosts_and_suffixes():
    assert parse_host(" WWW.Example.org. ") == "www.example.org"
    assert parse_host("h.example:80") is None
    assert parse_host("a/b") is None
    assert host_suffixes("a.b.c") == ["a.b.c", "b.c", "c"]


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2024", "2024-01-01T00:00:00+00:00"),
        ("2024-05", "2024-05-01T00:00:00+00:00"),
        ("2024-05-26", "2024-05-26T00:00:00+00:00"),
        ("2024-05-26T01:02:03Z", "2024-05-26T01:02:03+00:00"),
        ("2024-05-26T03:02:03+02:00", "2024-05-26T01:02:03+00:00"),
        ("2024-05-07T18:51:12.319767", "2024-05-07T18:51:12.319767+00:00"),
        ("20240526010203", "2024-05-26T01:02:03+00:00"),
        ("Sun, 26 May 2024 01:02:03 GMT", "2024-05-26T01:02:03+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
    ],
)
def test_times_come_down_to_one(value, iso):
    assert parse_time(value).isoformat() == iso


def test_no_time_is_none_and_nonsense_is_refused():
    assert parse_time(None) is None
    assert parse_time("") is None
    with pytest.raises(ValueError, match="soon"):
        parse_time("soon")
