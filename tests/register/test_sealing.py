"""Keys and sealed values: what is refused, and that nothing is told without the key."""

import base64
import os
import pickle
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.errors import RegisterError
from rightful.register.sealing import FILE_VARIABLE, VARIABLE, Key

OCTETS = bytes(range(32))
WRITTEN = base64.b64encode(OCTETS).decode()


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_is_sealed_is_unsealed_in_its_context_only(octets, context):
    key = Key(OCTETS)
    sealed = key.seal(octets, context)
    assert key.unseal(sealed, context) == octets
    assert sealed != key.seal(octets, context)
    with pytest.raises(RegisterError, match="altered"):
        key.unseal(sealed, context + "x")


def test_an_altered_octet_is_noticed_wherever_it_is():
    key = Key(OCTETS)
    sealed = key.seal(b"a work", "work:1")
    for place in range(len(sealed)):
        forged = bytearray(sealed)
        forged[place] ^= 1
        with pytest.raises(RegisterError):
            key.unseal(bytes(forged), "work:1")
    for cut in (b"", sealed[:5], sealed[:-1]):
        with pytest.raises(RegisterError):
            key.unseal(cut, "work:1")


def test_a_value_names_the_key_it_was_sealed_with():
    one, other = Key(OCTETS), Key(bytes(32))
    with pytest.raises(RegisterError, match=f"sealed with key {one.id}, not with {other.id}"):
        other.unseal(one.seal(b"x", "c"), "c")


def test_look_ups_depend_on_key_and_purpose():
    one, other = Key(OCTETS), Key(bytes(32))
    assert one.lookup("a", b"value") == one.lookup("a", b"value")
    assert len({one.lookup("a", b"value"), one.lookup("b", b"value"), other.lookup("a", b"value")}) == 3


def test_a_key_tells_nothing_of_itself():
    key = Key(OCTETS)
    assert repr(key) == f"Key({key.id})"
    assert key.id not in OCTETS.hex()
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


def test_a_new_key_is_its_owners_alone_and_never_overwrites(tmp_path):
    file = tmp_path / "keys" / "register.key"
    key = Key.create(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Key.from_file(file).id == key.id
    with pytest.raises(RegisterError, match="never overwritten"):
        Key.create(file)
    assert Key.from_file(file).id == key.id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path, mode):
    file = tmp_path / "register.key"
    Key.create(file)
    file.chmod(mode)
    with pytest.raises(RegisterError, match="others than its owner") as caught:
        Key.from_file(file)
    assert "chmod 600" in caught.value.hint


def test_the_environment_gives_the_key_or_its_file(tmp_path):
    file = tmp_path / "register.key"
    file.write_text(WRITTEN)
    file.chmod(0o600)
    assert Key.from_environment({VARIABLE: WRITTEN}).id == Key.from_environment({FILE_VARIABLE: str(file)}).id
    with pytest.raises(RegisterError, match="both"):
        Key.from_environment({VARIABLE: WRITTEN, FILE_VARIABLE: str(file)})
    with pytest.raises(RegisterError, match="no key") as caught:
        Key.from_environment({})
    assert VARIABLE in caught.value.hint


@pytest.mark.parametrize("written", ["not base64!", base64.b64encode(b"short").decode(), "ключ", OCTETS.hex()])
def test_what_is_no_key_is_refused_without_being_repeated(tmp_path, written):
    with pytest.raises(RegisterError) as caught:
        Key.from_environment({VARIABLE: written})
    assert written not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RegisterError, match="cannot be read: No such file"):
        Key.from_file(tmp_path / "none")
    with pytest.raises(RegisterError, match="cannot be made"):
        Key.create(os.devnull + "/key")
