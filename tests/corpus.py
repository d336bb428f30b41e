"""The real robots.txt files beside the project, and URLs that put their rules to the test."""

import os
import random
import re

import pyarrow.parquet as pq

from rightful.facts.site import parse_url
from rightful.signals.robots_txt.lines import Field, read_line, split_lines

TOKENS = ("GPTBot", "CCBot", "Google-Extended", "ClaudeBot", "Bytespider", "Applebot-Extended", "AI2Bot")
EVERYTHING = os.environ.get("RIGHTFUL_WHOLE_CORPUS") == "1"


def bodies(shared, *, every):
    """Give (host, body) of every distinct body, or of every so-manieth one unless all are asked for."""
    table = pq.read_table(shared / "data/robots.parquet", columns=["host", "body"])
    distinct = {}
    for host, body in zip(table["host"].to_pylist(), table["body"].to_pylist(), strict=True):
        if body is not None:
            distinct.setdefault(body, host)
    chosen = list(distinct.items())[:: 1 if EVERYTHING else every]
    return [(host if parse_url(f"https://{host}/") else "site.example", body.encode()) for body, host in chosen]


def urls(host, body, draw: random.Random, *, patterns=6):
    """Give URLs that the file's own rules decide, and a few that none does."""
    lines = (read_line(n, octets) for n, octets in enumerate(split_lines(body)[0], 1))
    rules = list(dict.fromkeys(r.value for r in lines if r and r.field in {Field.ALLOW, Field.DISALLOW} and r.value))
    draw.shuffle(rules)
    paths = ["/", "/index.html", "/a/b?c=d"]
    for rule in rules[:patterns]:
        path = rule.removesuffix("$").replace("*", draw.choice(["", "x", "a/b"]))
        path = re.sub("[^!-~]", lambda m: f"%{ord(m[0]):02X}", path)
        path = path if path.startswith("/") else f"/{path}"
        paths += [path, path + draw.choice(["x", "/", ".html", "?a=b"])]
    found = (f"https://{host}{path}" for path in dict.fromkeys(paths))
    return [url for url in found if parse_url(url)]


def tokens_for(robots):
    """Ask every token where the file names any; otherwise they all get the same answer."""
    return TOKENS if robots.tokens & {token.lower() for token in TOKENS} else TOKENS[:1]
