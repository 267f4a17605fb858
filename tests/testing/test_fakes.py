"""The fakes behave the same on every run, and the vector harness tells a plant from its twin."""

import datetime as dt

import pytest

from redan.controls.contract import Vector
from redan.errors import InputError
from redan.runner.outcome import worst
from redan.terms import Outcome
from redan.testing import FixedClock, answer, scratch_ledger, signer_of, write_vector

TOML = b'[system]\nname = "v"\n[[person]]\nname = "ada"\nrole = "%s"\ntrained_until = 2027-01-01\n'


def test_signer_follows_from_its_seed(tmp_path):
    """Equal words give equal keys, others others."""
    first, second, other = (signer_of(word, tmp_path / str(i)) for i, word in enumerate(["a", "a", "b"]))
    assert first.public.key_id == second.public.key_id != other.public.key_id


def test_clock_stands_still():
    """The clock shows what it was given."""
    at = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert FixedClock(at).now() == FixedClock(at).now() == at


def test_scratch_ledger_is_a_real_one(tmp_path):
    """Entries go in, and the ledger verifies."""
    with scratch_ledger(tmp_path / "ledger", signer_of("a", tmp_path)) as ledger:
        ledger.append([b"one", b"two"])
        assert ledger.verify().size == 2


@pytest.mark.parametrize(("role", "expected"), [(b"operator", Outcome.BROKEN), (b"security expert", Outcome.HOLDS)])
def test_vector_harness(tmp_path, role, expected):
    """A planted system is broken, its twin holds."""
    vector = Vector(
        name="v", files={"redan.toml": TOML % role}, check="AIPS-PIT-01/expert-is-named", expect=expected, note="n"
    )
    assert worst(answer(vector, tmp_path)) is expected


def test_vector_stays_in_its_folder(tmp_path):
    """A vector cannot write outside its folder."""
    vector = Vector(name="v", files={"../x": b""}, check="AIPS-PIT-01/expert-is-named", expect=Outcome.HOLDS, note="n")
    with pytest.raises(InputError):
        write_vector(vector, tmp_path / "inner")
