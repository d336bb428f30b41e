"""robots.txt against the table of this folder, and against Google's published expectations."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from rightful.signals.robots_txt import RobotsTxt

TABLE = tomllib.loads((Path(__file__).parent / "robots_txt.toml").read_text(encoding="utf-8"))["case"]


def body_of(case):
    text, times = case.get("filler", ["", 0])
    return (case["file"] + text * times + case.get("after", "")).encode(case.get("encoding", "utf-8"))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_table(case):
    body = body_of(case)
    robots = RobotsTxt.parse(body)
    lines = re.split(
        r"\r\n|\r|\n", body.decode("utf-16" if case.get("encoding") == "utf-16" else "utf-8-sig", "replace")
    )
    for token, path, expected in case["ask"]:
        match = robots.match(f"https://h.example{path}" if path.startswith("/") else path, token)
        assert match.preference.value == expected, (token, path, match)
        if match.line:
            assert match.text == lines[match.line - 1].strip()


# Google expects the two spellings of one URL to differ; RFC 9309 2.2.2 says that they are compared equal.
CONTRADICTED_BY_THE_RFC = {
    ("non-ascii-paths", "Allow: /foo/bar/\u30c4", "http://foo.bar/foo/bar/\u30c4"): "2.2.2, table row 3",
    ("non-ascii-paths", "Allow: /foo/bar/%E3%83%84", "http://foo.bar/foo/bar/\u30c4"): "2.2.2, table row 4",
    ("non-ascii-paths", "Allow: /foo/bar/%62%61%7A", "http://foo.bar/foo/bar/baz"): "2.2.2, table row 5",
}


def test_google_standard_cases(shared):
    cases = json.loads((shared / "cases/google_rep_correctness.json").read_text(encoding="utf-8"))
    contradicted = []
    for case in cases:
        if case["test_type"] != "STANDARD":
            continue
        body = bytes.fromhex(case["robotstxt_hex"])
        answer = RobotsTxt.parse(body).preference(case["url"], case["user_agent"]).value
        if answer != {"ALLOWED": "allow", "DISALLOWED": "deny"}[case["expected"]]:
            name = Path(case["file"]).stem
            rule = next(line for line in body.decode().splitlines() if line.startswith("Allow"))
            contradicted.append((name, rule, case["url"]))
    assert sorted(contradicted) == sorted(CONTRADICTED_BY_THE_RFC)
