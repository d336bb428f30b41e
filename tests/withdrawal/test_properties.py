"""Whatever is in the registers: withdrawing admits nothing, and gives what screening again with both would give."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.withdrawal.test_withdraw import assert_verified, ids_of, ledger_of
from tests.withdrawal.world import NOW, by_account, by_site, by_text, by_url, record, write_world

import rightful.runner.plan
from rightful.register.entries import OptOutState
from rightful.register.export import merge_registers
from rightful.withdrawal.withdraw import withdraw

ROWS = 24
STRICTNESS = {"admit": 0, "hold": 1, "exclude": 2}
named = st.one_of(
    st.integers(0, ROWS).map(by_url),
    st.integers(0, ROWS).map(by_text),
    st.sampled_from(["a.example", "www.b.example", "nowhere.example"]).map(by_site),
    st.integers(0, 7).map(lambda n: by_account(f"writer{n}")),
)
entries = st.lists(
    st.builds(
        lambda entry, state, n: replace(entry, state=state, reference=f"R-{n}"),
        named,
        st.sampled_from([OptOutState.RECEIVED, OptOutState.VERIFIED, OptOutState.WITHDRAWN]),
        st.integers(0, 2),
    ),
    max_size=5,
)


@given(before=entries, after=entries)
@settings(max_examples=25, deadline=None)
def test_withdrawing_never_admits_and_is_screening_with_both_registers(before, after):
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(rightful.runner.plan, "SHARD_ROWS", 10)
        world = write_world(Path(folder), [record(n) for n in range(ROWS)])
        old, new = world.register(*before, name="old"), world.register(*after, name="newest")
        run = world.screen(register=old)
        done = withdraw(run, register=new, out=world.folder / "new", now=NOW)
        last = done.out or run
        assert set(ids_of(last)) <= set(ids_of(run))
        for was, now in zip(ledger_of(run).to_pylist(), ledger_of(last).to_pylist(), strict=True):
            assert STRICTNESS[now["admission"]] >= STRICTNESS[was["admission"]]
        both = merge_registers([old, new], world.folder / "both.arrow", version=new.version)
        assert ids_of(last) == ids_of(world.screen("again", register=both))
        if done.out:
            assert_verified(done.out, earlier=run)
