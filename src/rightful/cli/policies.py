"""`rightful policy`: write one, read one, show what counts, try cases, compare with another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rightful.cli.cases import TEST_HELP, cases_command
from rightful.cli.comparing import COMPARE_HELP, compare_command
from rightful.terminal import console, plain, table

policy_app = typer.Typer(
    help="Write, read, show, try and compare policies.", no_args_is_help=True, rich_markup_mode=None
)
_File = Annotated[Path, typer.Argument(help="Policy file (TOML).")]


@policy_app.command("init")
def init_command(file: _File) -> None:
    """Write a policy that works as it is, every setting explained."""
    from rightful.policy.policy_file import init_policy  # noqa: PLC0415 - loaded when asked for

    init_policy(file)
    console().print(
        f"{file} is written. Read [scenario] first: it states what you sign for.", markup=False, soft_wrap=True
    )


@policy_app.command("check")
def check_command(file: _File) -> None:
    """Read a policy and name every mistake with its line."""
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - loaded when asked for

    policy = read_policy(file)
    unsafe = [
        f"{section}.{name}"
        for section, values in policy.model_dump().items()
        if isinstance(values, dict)
        for name, value in values.items()
        if name.startswith("unsafe_") and value
    ]
    console().print(f"{file} is fine: {policy.id}", soft_wrap=True)
    if unsafe:
        console().print(f"it loosens a safeguard: {', '.join(unsafe)}", style="yellow", soft_wrap=True)


@policy_app.command("show")
def show_command(file: _File) -> None:
    """Print what a policy comes to: its id, sources, product tokens, and every setting."""
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - loaded when asked for

    policy = read_policy(file)
    out = console()
    out.print(f"{plain(policy.name)}  {policy.id}\n", soft_wrap=True)
    _print_profile(policy.profile)
    sources = table("source", "route", "licence", "evidence", "work", title="Sources")
    for source in policy.sources:
        sources.add_row(
            plain(source.name),
            source.route.value,
            plain(source.licence),
            source.licence_evidence.value,
            source.work_status.value,
        )
    out.print(sources)
    out.print(f"\nProduct tokens that count ({len(policy.crawler.effective)}):")
    out.print(plain(", ".join(policy.crawler.effective)), soft_wrap=True)
    settings = table("setting", "value", title="\nSettings")
    for section, values in policy.model_dump(mode="json").items():
        if isinstance(values, dict):
            for name, value in values.items():
                settings.add_row(f"{section}.{name}", plain(value))
    out.print(settings)


def _print_profile(name: str) -> None:
    """Say what the profile applies and what that rests on, with how far anybody here read it."""
    from rightful.policy.profiles import CONFIDENCE, profile  # noqa: PLC0415 - loaded when asked for

    applied = profile(name)
    out = console()
    out.print(f"Profile {applied.id}: {plain(applied.title)}", soft_wrap=True)
    out.print(f"  {plain(applied.says)}", soft_wrap=True)
    for source in applied.sources:
        read = CONFIDENCE[source.confidence]
        out.print(f"  rests on {plain(source.title)}, {source.date} ({read})", style="dim", soft_wrap=True)
    out.print()


policy_app.command("test", help=TEST_HELP)(cases_command)
policy_app.command("compare", help=COMPARE_HELP)(compare_command)
