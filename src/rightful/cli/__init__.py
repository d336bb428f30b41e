"""The command line: every verb of the package, its progress and its errors, for people at a terminal.

Why: teams without a DAG, auditors without Python. May import: everything. Commands load what they need when they
run, so that `--help` answers at once.
"""

from __future__ import annotations

import atexit
import sys
from typing import Annotated

import typer

import rightful
from rightful.cli.audits import explain_command, verify_command
from rightful.cli.evidence import evidence_app
from rightful.cli.optouts import optout_app
from rightful.cli.policies import policy_app
from rightful.cli.reading import signals_command
from rightful.cli.runs import card_command, label_command, run_command, screen_command, validate_command
from rightful.cli.signals import capture_command, snapshot_app
from rightful.cli.withdrawing import receipt_command, withdraw_command
from rightful.errors import RightfulError
from rightful.terminal import end_quietly, error_console, print_error

_HELP = """
Remove opted-out and robots-disallowed records from training data, label the rest with provenance and a payment
tier, validate them, and write a dataset card that can be recomputed.

The whole way:

\b
  rightful policy init policy.toml
  rightful capture --from 'data/*.parquet' --out signals/
  rightful run policy.toml --input 'data/*.parquet' --snapshot signals/ --out out/
  rightful verify out/

Try it without any data: rightful demo
"""

app = typer.Typer(name="rightful", help=_HELP, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"rightful {rightful.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("capture")(capture_command)
app.add_typer(snapshot_app, name="snapshot")
app.add_typer(optout_app, name="optout")
app.add_typer(policy_app, name="policy")
app.add_typer(evidence_app, name="evidence")
app.command("run")(run_command)
app.command("screen")(screen_command)
app.command("label")(label_command)
app.command("validate")(validate_command)
app.command("card")(card_command)
app.command("verify")(verify_command)
app.command("explain")(explain_command)
app.command("withdraw")(withdraw_command)
app.command("receipt")(receipt_command)
app.command("signals")(signals_command)


@app.command("demo")
def demo_command(
    out: Annotated[str, typer.Option(help="Directory to make.")] = "demo-run",
    airflow: Annotated[bool, typer.Option(help="Run it as an Airflow DAG, where Airflow is installed.")] = True,
) -> None:
    """Show the whole way on a small web of sites served on this machine, with nothing to prepare."""
    from rightful.demo.show import show_demo  # noqa: PLC0415 - it loads the frameworks

    show_demo(out, with_airflow=airflow)


_INTERRUPTED = 130


def main() -> None:
    """Run the command line; our own errors end it with what happened and what to do, not with a traceback."""
    atexit.register(end_quietly)
    try:
        app()
    except RightfulError as error:
        print_error(error)
        sys.exit(1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # what typer makes of Ctrl-C, without a word
            error_console().print("stopped; run the same command again to go on", style="yellow")
        raise
