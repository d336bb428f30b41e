"""`rightful optout`: the register of opt-outs, for rightsholders, for whoever decides, and for whoever keeps it."""

from __future__ import annotations

import typer

from rightful.cli import optout_deciding as deciding
from rightful.cli import optout_exports as exports
from rightful.cli import optout_filing as filing
from rightful.cli import optout_keeping as keeping
from rightful.cli import optout_listing as listing
from rightful.cli import optout_lists as lists

_HELP = """
The register of opt-outs: requests that people file, their states, and what screening reads of them.

\b
  rightful optout init --db register.db
  rightful optout add essay.txt --claimant "A. Author" --contact a@example.org --good-faith
  rightful optout verify R-ABCDEFGH23456723
  rightful optout export --out exports/
  rightful optout check essay.txt --register exports/

The register is named by --db or RIGHTFUL_REGISTER, its key by --key-file, RIGHTFUL_REGISTER_KEY_FILE or
RIGHTFUL_REGISTER_KEY. Without a register: rightful optout import LIST.csv --out register.arrow
"""
_LOG_HELP = """
The log of everything that was done and seen, each row bound to the one before it.

\b
  rightful optout log show --last 100
  rightful optout log verify --export exports/
"""
_KEYS_HELP = """
The register's key.

\b
  rightful optout keys rotate --key-file register.key --new-key-file register-2.key
"""

optout_app = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
_log_app = typer.Typer(help=_LOG_HELP, no_args_is_help=True, rich_markup_mode=None)
_keys_app = typer.Typer(help=_KEYS_HELP, no_args_is_help=True, rich_markup_mode=None)

optout_app.command("init", help=keeping.INIT)(keeping.init_command)
optout_app.command("add", help=filing.ADD)(filing.add_command)
optout_app.command("import", help=lists.IMPORT)(lists.import_command)
optout_app.command("digest", help=lists.DIGEST)(lists.digest_command)
optout_app.command("status", help=listing.STATUS)(listing.status_command)
optout_app.command("requests", help=listing.REQUESTS)(listing.requests_command)
optout_app.command("verify", help=deciding.VERIFY)(deciding.verify_command)
optout_app.command("reject", help=deciding.REJECT)(deciding.reject_command)
optout_app.command("appeal", help=deciding.APPEAL)(deciding.appeal_command)
optout_app.command("take-back", help=deciding.TAKE_BACK)(deciding.take_back_command)
optout_app.command("hold", help=deciding.HOLD)(deciding.hold_command)
optout_app.command("removed", help=deciding.REMOVED)(deciding.removed_command)
optout_app.command("claimant", help=deciding.CLAIMANT)(deciding.claimant_command)
optout_app.command("export", help=exports.EXPORT)(exports.export_command)
optout_app.command("check", help=exports.CHECK)(exports.check_command)
optout_app.command("erase", help=keeping.ERASE)(keeping.erase_command)
_log_app.command("verify", help=keeping.LOG_VERIFY)(keeping.verify_log_command)
_log_app.command("show", help=keeping.LOG_SHOW)(keeping.show_log_command)
_keys_app.command("new", help=keeping.KEYS_NEW)(keeping.new_key_command)
_keys_app.command("rotate", help=keeping.KEYS_ROTATE)(keeping.rotate_command)
optout_app.add_typer(_log_app, name="log")
optout_app.add_typer(_keys_app, name="keys")
