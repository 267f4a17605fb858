"""Waiver files: strict, dated, and wrong ones are noticed before anything runs."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.canon import digest
from redan.errors import ConfigError
from redan.gating import read_waivers

NOW = dt.date(2026, 6, 1)
FINGERPRINT = "0123456789abcdef0123456789abcdef"
GOOD = f"""# one known finding
[[waiver]]
fingerprint = "{FINGERPRINT}"
control = "A-MLSG-002-D002"
reason = "published benchmark, the split cannot be changed"
owner = "Ada"
expires = 2026-11-28
"""


def read(tmp_path, text: str | bytes):
    """The waivers of a file with this text."""
    path = tmp_path / "waivers.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_waivers(path, NOW, name="waivers.toml")


def refused(tmp_path, text: str | bytes) -> ConfigError:
    """The error with which a file is refused."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.exit_code == 2
    return caught.value


def test_a_good_file_is_read(tmp_path):
    """Every field arrives, with the line of the entry and the digest of the file."""
    waivers = read(tmp_path, GOOD)
    (waiver,) = waivers.entries
    assert (waiver.fingerprint, waiver.owner, waiver.control) == (FINGERPRINT, "Ada", "A-MLSG-002-D002")
    assert (waiver.expires, waiver.granted) == (dt.date(2026, 11, 28), None)
    assert waiver.where == "waivers.toml:2"
    assert waivers.sha256 == digest(GOOD.encode())


def test_an_empty_file_waives_nothing(tmp_path):
    """Comments alone are no waiver."""
    assert read(tmp_path, "# nothing\n").entries == ()


def test_an_expired_waiver_is_read(tmp_path):
    """Expiry is the gate's to judge, so that its line can be shown."""
    assert read(tmp_path, GOOD.replace("2026-11-28", "2020-01-01")).entries[0].expires.year == 2020


def test_the_days_count_from_the_grant(tmp_path):
    """180 days from the day of the decision, or from today when that is not written."""
    text = GOOD.replace("2026-11-28", "2026-10-28\ngranted = 2026-05-01")
    assert read(tmp_path, text).entries[0].granted == dt.date(2026, 5, 1)
    assert refused(tmp_path, text.replace("2026-10-28", "2026-10-29")).where == "waivers.toml:7"


BAD = {
    "no fingerprint": (GOOD.replace("fingerprint", "# fingerprint"), 2, "no 'fingerprint'"),
    "no reason": (GOOD.replace("reason", "# reason"), 2, "no 'reason'"),
    "no owner": (GOOD.replace("owner", "# owner"), 2, "no 'owner'"),
    "no expiry": (GOOD.replace("expires", "# expires"), 2, "no 'expires'"),
    "too long": (GOOD.replace("2026-11-28", "2026-11-29"), 7, "longer than 180 days"),
    "for ever": (GOOD.replace("2026-11-28", "9999-12-31"), 7, "longer than 180 days"),
    "a date and time": (GOOD.replace("2026-11-28", "2026-11-28T00:00:00Z"), 7, "not a date"),
    "a date as text": (GOOD.replace("2026-11-28", '"2026-11-28"'), 7, "not a date"),
    "granted tomorrow": (GOOD + "granted = 2026-06-02\n", 8, "not yet"),
    "granted after expiry": (GOOD.replace("11-28", "05-01") + "granted = 2026-05-30\n", 7, "before it is granted"),
    "empty reason": (GOOD.replace("published benchmark, the split cannot be changed", " "), 5, "'reason'"),
    "reason as number": (GOOD.replace('"published benchmark, the split cannot be changed"', "5"), 5, "'reason'"),
    "short fingerprint": (GOOD.replace(FINGERPRINT, FINGERPRINT[:31]), 3, "malformed"),
    "upper-case fingerprint": (GOOD.replace(FINGERPRINT, FINGERPRINT.upper()), 3, "malformed"),
    "malformed control": (GOOD.replace("A-MLSG-002-D002", "A MLSG"), 4, "malformed"),
    "unknown key": (GOOD + 'expiry = "never"\n', 8, "unknown key 'expiry'"),
    "unknown table": (GOOD + "[policy]\nrequire = []\n", 8, "unknown key 'policy'"),
    "twice": (GOOD + GOOD, 9, "waived twice"),
    "one table": (GOOD.replace("[[waiver]]", "[waiver]"), 2, "not an array"),
    "an array of numbers": ("waiver = [1]\n", 1, "not an array of tables"),
    "open string": (GOOD + 'owner2 = "Ada\n', 8, "TOML"),
    "garbage": ("[[waiver]\n", 1, "TOML"),
    "key twice": (GOOD + 'owner = "Bob"\n', None, "TOML"),
    "not UTF-8": (GOOD.encode() + b"# \xff\n", 8, "UTF-8"),
    "too deep": ("a = " + "[" * 100 + "]" * 100, 1, "deeper"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, name):
    """One clear line: file, line, fault, remedy."""
    text, line, what = BAD[name]
    error = refused(tmp_path, text)
    assert what in error.what
    assert error.where == ("waivers.toml" if line is None else f"waivers.toml:{line}")
    assert error.remedy


def test_a_suggestion_names_the_nearest_key(tmp_path):
    """A typing error is corrected."""
    assert refused(tmp_path, GOOD.replace("expires", "expirse")).remedy == "did you mean 'expires'?"


def test_a_missing_or_huge_file_is_refused(tmp_path):
    """A waiver file that is named must exist and be small."""
    with pytest.raises(ConfigError):
        read_waivers(tmp_path / "gone.toml", NOW)
    assert "larger" in refused(tmp_path, b"#" * (5 << 20)).what


@given(text=st.text(max_size=80) | st.binary(max_size=80))
def test_arbitrary_text_is_never_a_crash(tmp_path_factory, text):
    """Anything is read or refused, never a traceback."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode(errors="surrogatepass") if isinstance(text, str) else text)
    try:
        assert read_waivers(path, NOW).entries == ()
    except ConfigError as error:
        assert str(path) in (error.where or "")


@pytest.mark.parametrize("mark", ["\\u001b[2J", "\\u202e", "\\u009b"])
def test_texts_that_steer_a_terminal_are_refused(tmp_path, mark):
    """A reason that could restyle or hide the report that quotes it is refused."""
    assert "control character" in refused(tmp_path, GOOD.replace("published", mark)).what
