"""The test after the build finds what the register names, by another way than it was taken out."""

import pytest
from tests.withdrawal.world import NO_LOCATIONS, NOW, POLICY, by_site, by_text, by_url

import rightful.withdrawal.found
from rightful.errors import VerificationError
from rightful.ledger.run_directory import RunDirectory
from rightful.runner.partial import partial_folder
from rightful.withdrawal.absence import Absence, look_for_withdrawn
from rightful.withdrawal.basis import Basis
from rightful.withdrawal.withdraw import withdraw


@pytest.mark.parametrize("policy", [POLICY, NO_LOCATIONS], ids=["keep", "digest"])
@pytest.mark.parametrize(
    ("entry", "found"), [(by_url(1), 1), (by_url(3), 0), (by_text(24), 1), (by_site("a.example"), 15)]
)
def test_a_record_that_the_register_names_is_found(world, policy, entry, found):
    run = RunDirectory(world.screen(policy=policy))
    shards = [file.path for file in run.manifest.data]
    told = []
    absence = look_for_withdrawn(Basis(run), shards, run, world.register(entry), told.append)
    assert absence == Absence(world.admitted, found)
    assert sum(told) == world.admitted


def test_a_version_in_which_one_would_ship_is_not_published(world, monkeypatch):
    run = world.screen()
    places = rightful.withdrawal.found._Places
    find = places.of_part
    monkeypatch.setattr(places, "of_part", lambda self, number, *more: find(self, number, *more) if number else set())
    with pytest.raises(VerificationError, match="1 of 44 records would ship"):
        withdraw(run, register=world.register(by_url(1), by_url(25, "R-25")), out=world.folder / "new", now=NOW)
    assert not (world.folder / "new").exists()
    assert not (partial_folder(world.folder / "new") / "rightful/SHA256SUMS").exists()
