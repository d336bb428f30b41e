"""What the files of a site, and a record's own page, amount to together, under a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rightful.facts.statement import Statement, summary
from rightful.signals import tdmrep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.policy.policy import Policy


class Stated(NamedTuple):
    """What one signal file stated of one row, and states now; `of_page`: it is a file of the site of the row's page."""

    fetch: tuple[Statement, ...]
    build: tuple[Statement, ...]
    of_page: bool = True


def summarised(
    policy: Policy, files: Iterable[Stated], page: tuple[Statement, ...] = (), *, now: bool
) -> tuple[str, ...]:
    """Give the fact that signal files, and a record's own headers and meta elements, amount to under a policy.

    TDMRep alone says that what a page states takes the place of what its site states (`tdmrep.settle`). A page speaks
    of its own site, and of the time when it was fetched: a file that says something else now stands beside it.
    """
    files = list(files)
    stated = [statement for file in files for statement in (file.build if now else file.fetch)]
    replaced = replaced_by(page, files, now=now)
    return summary((*(s for s in stated if s not in replaced), *page), policy.protocols.usages)


def replaced_by(page: tuple[Statement, ...], files: Iterable[Stated], *, now: bool) -> tuple[Statement, ...]:
    """Give the statements of signal files whose place is taken by those of the page (`summarised`)."""
    files = list(files)
    own = _tdm(s for file in files if file.of_page for s in (file.build if now else file.fetch))
    if own != _tdm(s for file in files if file.of_page for s in file.fetch):
        return ()
    left = tdmrep.settle(own, _tdm(page))
    of_others = _tdm(s for file in files if not file.of_page for s in (file.build if now else file.fetch))
    return tuple(s for s in own if s not in left and s not in of_others)


def _tdm(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(statement for statement in statements if statement.protocol == tdmrep.PROTOCOL)
