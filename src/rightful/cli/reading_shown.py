"""What was read aloud, on a terminal: statements, what is odd, what is declared elsewhere, and one line per usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from rightful.facts.statement import Statement, Usage
    from rightful.signals.told import Answer, Told

_SHOWN_TOKENS = 5
_SHOWN_PLACES = 6


def show_told(told: Told) -> None:
    """Print what documents state."""
    out = console()
    out.print(f"read as {told.kind}, about {plain(told.target)}\n", soft_wrap=True)
    several = len({part.document for part in told.parts}) > 1
    _print_statements(told, several=several)
    _print_remarks(told, several=several)
    if told.mentioned:
        out.print("\nDeclared elsewhere")
        for document in told.mentioned:
            out.print(f"{plain(document.url)}: {document.signal}, {document.state}", soft_wrap=True)
    out.print("\nIn sum")
    for usage, answer in told.answers().items():
        out.print(plain(summary_line(usage, answer, several=several)), soft_wrap=True, highlight=False)


def summary_line(usage: Usage, answer: Answer, *, several: bool = False) -> str:
    """Give one usage's answer and whose it is: `train-ai: deny (content-signal line 3, rsl line 7 license)`.

    Args:
        usage: which.
        answer: what everything that is stated comes to.
        several: whether to say which document each stands in.
    """
    if not answer.by:
        return f"{usage}: unknown (nothing that counts is said of it)"
    asked = f": {', '.join(answer.conditions)}" if answer.conditions else ""
    places = dict.fromkeys(_place(document, statement, several=several) for document, statement, _ in answer.by)
    shown = list(places)[:_SHOWN_PLACES]
    if len(places) > _SHOWN_PLACES:
        shown.append(f"{len(places) - _SHOWN_PLACES} more")
    return f"{usage}: {answer.preference}{asked} ({', '.join(shown)})"


def _place(document: str, statement: Statement, *, several: bool) -> str:
    where = f"{statement.protocol} {statement.where}".strip()
    return f"{where} of {document}" if several else where


def _print_statements(told: Told, *, several: bool) -> None:
    out = console()
    if not told.statements:
        out.print("It states nothing.")
        return
    said = table("protocol", "use", "says", "to", "by", "in these words", *(("of",) if several else ()))
    for document, statement, tokens in told.said():
        asked = f" ({', '.join(statement.conditions)})" if statement.conditions else ""
        weak = " (too weak to permit)" if statement.effective is not statement.preference else ""
        row = (statement.protocol, statement.usage.value, f"{statement.preference}{asked}{weak}", _to(tokens),
               statement.where, statement.text, *((document,) if several else ()))  # fmt: skip
        said.add_row(*map(plain, row))
    out.print(said)


def _print_remarks(told: Told, *, several: bool) -> None:
    remarks = list(told.remarked())
    if not remarks:
        return
    title = "\nWhat its author would want to know"
    odd = table("odd", "where", "what", *(("of",) if several else ()), title=title)
    for document, _, remark, meaning in remarks:
        odd.add_row(*map(plain, (meaning, remark.where, remark.text, *((document,) if several else ()))))
    console().print(odd)


def _to(tokens: tuple[str, ...]) -> str:
    more = f" and {len(tokens) - _SHOWN_TOKENS} more" if len(tokens) > _SHOWN_TOKENS else ""
    return ", ".join(tokens[:_SHOWN_TOKENS]) + more or "all"
