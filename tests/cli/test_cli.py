"""The command line, as people type it."""

import json
import re
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from rightful.cli import app, main
from rightful.demo.show import hosts
from rightful.demo.web import Web


def rightful(*words, code=0):
    """Run the program as a whole: what a user sees of it, and how it ends."""
    done = subprocess.run(
        [sys.executable, "-m", "rightful", *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def quick(*words, code=0):
    """Run a command in this process; errors of ours come through as they are."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


COMMANDS = (
    "capture", "run", "screen", "label", "validate", "card", "verify", "explain", "demo", "snapshot import",
    "snapshot show", "signals", "policy init", "policy check", "policy show", "policy test", "policy compare",
    "evidence add", "evidence list", "evidence check", "withdraw", "receipt", "optout init", "optout add",
    "optout import", "optout digest", "optout status", "optout requests", "optout verify", "optout reject",
    "optout appeal", "optout take-back", "optout hold", "optout removed", "optout claimant", "optout export",
    "optout check", "optout erase", "optout log verify", "optout log show", "optout keys new", "optout keys rotate",
)  # fmt: skip


def commands_of(group, path=""):
    for name, command in group.commands.items():
        yield from commands_of(command, f"{path}{name} ") if hasattr(command, "commands") else [path + name]


def test_the_list_of_commands_is_complete():
    assert sorted(COMMANDS) == sorted(commands_of(get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    text = quick(*command.split(), "--help")
    assert "Usage:" in text
    assert len(text) > 150


def test_help_names_every_command():
    text = quick("--help")
    for command in COMMANDS:
        assert command.split()[0] in text
    assert "rightful demo" in text


def test_the_version():
    assert re.fullmatch(r"rightful \d+\.\d+\.\d+\n", quick("--version"))


def test_the_whole_way_by_hand(demo_inputs, tmp_path):
    """Policy, capture, register, run, verify, explain: each as a user types it."""
    quick("policy", "init", tmp_path / "policy.toml")
    quick("policy", "check", tmp_path / "policy.toml")
    shown = quick("policy", "show", tmp_path / "policy.toml")
    assert "gptbot" in shown
    assert "Profile seed" in shown
    assert "not law in any jurisdiction" in shown
    register = demo_inputs.folder / "optouts.csv"
    assert "4 opt-outs" in quick("optout", "import", register, "--out", tmp_path / "register.arrow")
    with Web(hosts()) as web:
        address, port = web.address
        seen = quick(
            "capture", "--from", demo_inputs.records, "--policy", demo_inputs.policy, "--out", tmp_path / "signals",
            "--connect-to", f"{address}:{port}",
        )  # fmt: skip
    assert "available" in seen
    assert "sha256:" in seen
    assert "newest capture" in quick("snapshot", "show", tmp_path / "signals")
    out = tmp_path / "out"
    seen = rightful(
        "run", demo_inputs.policy, "--input", demo_inputs.records, "--snapshot", tmp_path / "signals",
        "--register", tmp_path / "register.arrow", "--out", out,
    )  # fmt: skip
    assert "admitted" in seen
    assert "README.md" in seen
    assert "verified" in quick("verify", out)
    assert "verified" in quick("verify", out, "--all")
    seen = quick("explain", out, "--url", "http://library.example/shelf/1")
    assert "line 2: Disallow: /shelf/" in seen
    assert "ROBOTS_NOW:wildcard" in seen
    record = pq.read_table(demo_inputs.records)["id"][0].as_py()
    assert record in quick("explain", out, "--id", record)
    (out / "README.md").write_text("all fine", encoding="utf-8")
    assert "README.md was altered" in quick("verify", out, code=1)


def test_the_stages_by_themselves(demo_inputs, tmp_path):
    rules = ("--snapshot", demo_inputs.snapshot, "--register", demo_inputs.register)
    out = tmp_path / "out"
    assert "excluded" in quick("screen", demo_inputs.policy, "-i", demo_inputs.records, *rules, "--out", out)
    assert "passed" in rightful("validate", out)
    assert "README.md" in quick("card", out)
    assert "verified" in quick("verify", out)
    ledger = tmp_path / "ledger"
    quick("screen", demo_inputs.policy, "-i", demo_inputs.records, *rules, "--out", ledger, "--ledger-only")
    assert not (ledger / "data").exists()
    assert "verified" in quick("verify", ledger)
    labelled = tmp_path / "labelled"
    quick("label", demo_inputs.policy, "-i", demo_inputs.records, *rules, "--out", labelled)
    assert "verified" in quick("verify", labelled)


def test_errors_say_what_happened_and_what_to_do(demo_inputs, tmp_path):
    seen = rightful(
        "run",
        tmp_path / "none.toml",
        "-i",
        demo_inputs.records,
        "--snapshot",
        demo_inputs.snapshot,
        "--out",
        "x",
        code=1,
    )
    assert "error: no policy can be read" in seen
    assert "hint: write one with: rightful policy init" in seen
    assert "Traceback" not in seen
    seen = rightful("verify", tmp_path / "nowhere", code=1)
    assert "is no directory" in seen
    seen = rightful("explain", tmp_path, "--url", "https://h.example/", code=1)
    assert "is no finished run" in seen


def test_a_snapshot_is_imported(tmp_path):
    rows = [{"host": "a.example", "robots": "User-agent: *\n"}, {"host": "not a host", "robots": "x"}]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    seen = quick("snapshot", "import", tmp_path / "r.jsonl", "--out", tmp_path / "s", "--column", "body=robots")
    assert "left out: host not readable" in seen
    assert "rows in all" in seen


def test_the_digest_of_a_work(tmp_path):
    (tmp_path / "one.txt").write_text("The  Walnut\nTree", encoding="utf-8")
    (tmp_path / "two.txt").write_text("the walnut tree", encoding="utf-8")
    one, two = quick("optout", "digest", tmp_path / "one.txt", tmp_path / "two.txt").splitlines()
    assert one.split()[0] == two.split()[0]
    assert len(one.split()[0]) == 64


def test_unsafe_settings_are_pointed_out(demo_inputs):
    assert "unsafe_allow_private_addresses" in quick("policy", "check", demo_inputs.policy)


def test_what_strangers_wrote_is_printed_as_text(demo_inputs, tmp_path):
    """Markup of ours, and control characters a terminal would obey."""
    hostile = tmp_path / "r.jsonl"
    rows = [
        {"id": "\x1b[2J[/green]", "url": "http://open-news.example/en/story-1", "text": "t", "source": "[/red]\x1b"}
    ]
    hostile.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    rules = ("--snapshot", demo_inputs.snapshot, "--register", demo_inputs.register)
    told = rightful("screen", demo_inputs.policy, "--input", hostile, "--out", tmp_path / "out", *rules)
    assert "source=" in told
    told += rightful("explain", tmp_path / "out", "--url", rows[0]["url"])
    assert "\x1b" not in told
    assert "\\x1b[2J[/green]" in told


def test_a_run_that_admits_nothing_says_why(demo_inputs, tmp_path):
    file = tmp_path / "r.jsonl"
    file.write_text(
        '{"id": "a", "url": "http://closed.example/page/1", "text": "t", "source": "web"}\n', encoding="utf-8"
    )
    rules = ("--snapshot", demo_inputs.snapshot, "--register", demo_inputs.register)
    told = rightful("run", demo_inputs.policy, "--input", file, "--out", tmp_path / "out", *rules, code=1)
    assert "ROBOTS_NOW:wildcard" in told
    assert "records-present" in told


def test_interrupted_it_says_how_to_go_on(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rightful", "verify", "."])
    monkeypatch.setattr("rightful.audit.verify.verify_run", interrupt)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "run the same command again to go on" in capsys.readouterr().err


def interrupt(*_arguments, **_named):
    raise KeyboardInterrupt


def test_mistyped_commands_and_options_end_with_2():
    assert "No such command" in rightful("capure", code=2)
    assert "No such option" in rightful("verify", "--al", code=2)
    assert "no finished run" in rightful("card", "/", code=1)
