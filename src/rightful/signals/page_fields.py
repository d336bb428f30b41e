"""What a record's own response headers and meta elements state, where its columns kept them.

They speak of that one response, at the time it was fetched: there is no newer answer to ask for, so they count at both
times. They are kept together as lines `role: value`, which is also how the ledger keeps them: no text of the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.statement import Reading
from rightful.signals import content_signal, content_usage, robots_tag, tdmrep

if TYPE_CHECKING:
    from rightful.signals.site_files import Interpretation

# Roles of columns, in the order their lines stand in.
ROLES = ("x_robots_tag", "meta_robots", "tdm_reservation", "tdm_policy", "content_usage", "content_signal")
SEVERAL = "\x1e"  # between the lines of a field that was sent more than once
PROTOCOLS = {
    robots_tag.PROTOCOL: ("x_robots_tag", "meta_robots"),
    tdmrep.PROTOCOL: ("tdm_reservation",),
    content_usage.PROTOCOL: ("content_usage",),
    content_signal.PROTOCOL: ("content_signal",),
}


def read_fields(lines: str, asked: Interpretation) -> Reading:
    """Read the fields of one record.

    Args:
        lines: `role: value`, one a line, of `ROLES`.
        asked: a policy's answers to what the specifications leave open.
    """
    pairs = (line.partition(": ")[::2] for line in lines.split("\n") if line)
    given = {role: value.split(SEVERAL) for role, value in pairs}
    read = Reading()
    if "x_robots_tag" in given:
        read += robots_tag.in_headers(
            given["x_robots_tag"], asked.tokens, bing_words=asked.bing_words, search_words=asked.search_words
        )
    if "meta_robots" in given:
        metas = [("robots", content) for content in given["meta_robots"]]
        read += robots_tag.in_metas(metas, asked.tokens, bing_words=asked.bing_words, search_words=asked.search_words)
    if "tdm_reservation" in given:
        fields = [("tdm-reservation", value) for value in given["tdm_reservation"]]
        fields += [("tdm-policy", value) for value in given.get("tdm_policy", ())]
        read += tdmrep.in_headers(fields)
    if "content_usage" in given:
        read += content_usage.in_field(given["content_usage"], legacy=asked.legacy_labels)
    if "content_signal" in given:
        read += content_signal.in_field(given["content_signal"], reserved_use=asked.reserved_use)
    return read
