"""trust.txt (JournalList; draft-org-trust-relationship-protocol-00): one of its attributes is about training.

`datatrainingallowed=yes|no`, at most once, for the whole site. Other attributes say nothing about use.
"""

from __future__ import annotations

import re

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.markup import looks_like_markup
from rightful.signals.refusals import is_consent, is_refusal

PROTOCOL = "trust-txt"
VERSION = "draft-org-trust-relationship-protocol-00"
REMARKS = {
    "markup": "a web page is in the place of the file: it states nothing",
    "repeated": "datatrainingallowed stands more than once; the most restrictive value counts",
    "neither-yes-nor-no": "it is datatrainingallowed=yes or =no; what sounds like no is one, what like yes is none",
}
LIMIT_OCTETS = 512 * 1024
_NAME = "datatrainingallowed"
_PARTS = re.compile(r"([^=:]*)([=:]+)(.*)", re.DOTALL).match


class TrustTxt:
    """A trust.txt as read. `uniform` is what it states, of every path alike."""

    def __init__(self, reading: Reading) -> None:
        self.uniform = reading
        self.remarks = reading.remarks

    @classmethod
    def parse(cls, body: bytes) -> TrustTxt:
        """Read a file as served; any octets are accepted."""
        if looks_like_markup(body):
            return cls(Reading(remarks=(Remark("markup"),)))
        statements: list[Statement] = []
        remarks: list[Remark] = []
        for number, line in enumerate(body[:LIMIT_OCTETS].decode("utf-8-sig", "replace").splitlines(), 1):
            parts = _PARTS(line.partition("#")[0])
            if parts is None or re.sub(r"[-_\s]", "", parts[1].lower()) != _NAME:
                continue
            _, sign, value = parts.groups()
            where, word = f"line {number}", value.strip().lower()
            if statements:
                remarks.append(Remark("repeated", where, shown(line)))
            exact = sign == "=" and word in {"yes", "no"}
            if not exact:
                remarks.append(Remark("neither-yes-nor-no", where, shown(line)))
            preference = _said(word, exact=exact)
            if preference is not Preference.UNKNOWN:
                statements.append(Statement(PROTOCOL, Usage.TRAIN, preference, VERSION, where, shown(line)))
        return cls(Reading(tuple(statements), tuple(remarks)))

    def part(self, _target: str) -> None:
        """Give what of a path decides: nothing."""

    def reading(self, target: str) -> Reading:  # noqa: ARG002 - the same for every path
        """Give what it states about a path."""
        return self.uniform


def _said(word: str, *, exact: bool) -> Preference:
    """Read the value: a refusal in any spelling, consent in its own; what sounds like neither may be a refusal."""
    if is_refusal(word):
        return Preference.DENY
    if exact:
        return Preference.ALLOW
    return Preference.UNKNOWN if is_consent(word) or not word else Preference.ERROR
