"""Constraints files: what is right is read, what is wrong is refused in one line with its place."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attacks.tables.spaces import ALL
from redan.attacks.tables import parse_rules, read_rules, written
from redan.attacks.tables.rules import Column, Linear, OneHot, Ratio, Rules
from redan.errors import ConfigError

GOOD = '[columns.a]\nlow = 1\nhigh = 2\n[columns.b]\ntype = "category"\nlevels = ["x", 1, true]\n'


def test_everything_is_read():
    """Bounds, types, groups, relations and their defaults."""
    rules = parse_rules(ALL)
    assert rules.columns["age"] == Column(type="integer", low=18, high=90, direction="up")
    assert rules.one_hot == (OneHot(columns=("red", "green", "blue"), cost=0.25),)
    assert rules.linear[0] == Linear(terms={"spent": 1, "saved": 1, "income": -1}, at_most=0)
    assert rules.ratio[1] == Ratio(numerator="kids", denominator="adults", at_most=4)
    assert rules.others == "refuse"


def test_a_file_is_read_and_a_missing_one_is_told(tmp_path):
    """From a path, with or without a byte order mark and Windows line ends."""
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_rules(path) == parse_rules(GOOD)
    with pytest.raises(ConfigError, match="no such file"):
        read_rules(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[columns.a]\nlow = 1\nhihg = 2\n", 3, "unknown key 'hihg', did you mean 'high'"),
        ("[column.a]\n", 1, "did you mean 'columns'"),
        ("[columns.a]\nlow = 3\nhigh = 2\n", 1, "low is above high"),
        ("[columns.a]\nlow = '3'\n", 2, "must be a number"),
        ("[columns.a]\nlow = true\n", 2, "must be a number"),
        ("[columns.a]\nlow = nan\n", 2, "must be a finite number"),
        ("[columns.a]\nscale = 0\n", 2, "more than 0"),
        ("[columns.a]\ntype = 'int'\n", 2, "must be 'number'"),
        ("[columns.a]\nmutable = 'no'\n", 2, "must be true or false"),
        ("[columns.a]\ntype = 'category'\n", 1, "needs its levels"),
        ("[columns.a]\ntype = 'category'\nlevels = ['x', 'x']\n", 1, "named twice"),
        ("[columns.a]\ntype = 'category'\nlevels = ['x']\nhigh = 3\n", 1, "has no low, high or scale"),
        ("[columns.a]\nlevels = ['x']\n", 1, "only a category has levels"),
        ("\n[[one_hot]]\ncolumns = ['a']\n", 2, "two columns or more"),
        ("[columns.a]\n[[one_hot]]\ncolumns = ['a', 'b']\n", 2, "declared twice"),
        ("[columns.a]\n[[linear]]\nterms = {a = 1, b = 1}\nat_most = 1\n", 2, "not declared"),
        ("[columns.a]\n[[linear]]\nterms = {a = 1}\n", 2, "needs at_least, at_most"),
        ("[columns.a]\n[[linear]]\nterms = {a = 1}\nequals = 1\nat_most = 2\n", 2, "needs at_least, at_most"),
        ("[columns.a]\n[[linear]]\nterms = {a = 0}\nequals = 1\n", 2, "no column has a weight"),
        ("[columns.a]\n[columns.b]\n[[ratio]]\nnumerator='a'\ndenominator='b'\nequals=2\n", 3, "low above 0"),
        ("[columns.a]\nlow=1\n[[ratio]]\nnumerator='a'\ndenominator='a'\nequals=2\n", 3, "names a column twice"),
        ("[columns.a\n", 1, "is not valid TOML"),
        ("a = 1\na = 2\n", 2, "is not valid TOML"),
        ('[columns."a\\u001b"]\n', 1, "control character"),
        ("x = " + "[" * 100 + "]" * 100, 1, "nest deeper"),
    ],
)
def test_faults_have_a_place(text, line, said):
    """Each fault is named by its line."""
    with pytest.raises(ConfigError, match=said) as caught:
        parse_rules(text, file="f.toml")
    assert str(caught.value).startswith(f"f.toml:{line}: ")


def test_bytes_that_are_no_text_have_a_place():
    """A file in another encoding is told by its line."""
    with pytest.raises(ConfigError, match=r"r\.toml:2: is not UTF-8"):
        parse_rules(b"[columns.a]\nlow = \xff\n", file="r.toml")


_WORDS = [
    "[columns.a]",
    "[[one_hot]]",
    "[[linear]]",
    "low = 1",
    "terms = {a = 1}",
    "columns = ['a', 'b']",
    "equals = 1e999",
]


@given(st.one_of(st.text(), st.binary(), st.lists(st.sampled_from(_WORDS)).map("\n".join)))
@example("[columns.a]\nlow = " + "9" * 400)
@example("[columns.a]\nlow = " + "9" * 5000)
@example("columns = 1")
@example("columns = {a = 1}")
@example("linear = [{terms = {}}]")
@example("one_hot = [1]")
def test_anything_is_rules_or_one_line(data):
    """No text makes the reader raise anything else."""
    try:
        rules = parse_rules(data)
    except ConfigError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("constraints.toml:")
        return
    assert parse_rules(written(rules)) == rules


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)
_FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.dictionaries(_NAMES, st.tuples(_FLOATS, _FLOATS, st.booleans()), min_size=2, max_size=5), _FLOATS)
def test_what_is_written_reads_back(columns, limit):
    """Rules survive being written, whatever the columns are called."""
    named = {
        name: Column(low=min(a, b), high=max(a, b), mutable=c) if c else Column(type="category", levels=(name, 1, True))
        for name, (a, b, c) in columns.items()
    }
    numeric = [name for name, column in named.items() if column.type == "number"]
    linear = (Linear(terms=dict.fromkeys(numeric, 2.0), at_most=limit),) if numeric else ()
    rules = Rules(columns=named, linear=linear, others="free")
    assert parse_rules(written(rules, ["first\nsecond"])) == rules
