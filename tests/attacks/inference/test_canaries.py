"""The secret list of canaries, its parser, and planting."""

import json
import math
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.inference.canaries import CanarySet, TextFormat, parse_canaries, read_canaries, written
from redan.attacks.inference.canaries_planting import plant_in_table, plant_in_text
from redan.errors import InputError

_KEY = "0123456789abcdef" * 2


def _fuzz() -> ModuleType:
    spec = spec_from_file_location("fuzz_canaries", Path(__file__).parents[3] / "fuzz" / "fuzz_canaries.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("fuzz/fuzz_canaries.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = _fuzz()


def _rows(n: int = 300, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "id": [f"p{i}" for i in range(n)],
            "calls": rng.integers(0, 500, n),
            "minutes": rng.normal(30, 9, n),
            "flag": rng.random(n) < 0.5,
            "plan": rng.choice(["gold", "blue", "grey"], n),
            "left": rng.choice(["yes", "no"], n),
        }
    )


def test_a_pattern_has_fixed_and_random_characters() -> None:
    """Digits and letters are drawn, a backslash makes their signs mean themselves."""
    shape = TextFormat(pattern=r"my \#: ##-?, \\")
    assert shape.sizes == (10, 10, 26)
    assert shape.rendered((4, 2, 3)) == r"my #: 42-d, " + "\\"


def test_text_gets_each_canary_as_often_as_said() -> None:
    """Lines are added and none is lost; the list knows them."""
    text = "\n".join(f"line {i}" for i in range(50))
    done = plant_in_text(text, "my number is ###-##-####", repeats=(1, 2, 4), seed=_KEY)
    lines = str(done.rows).splitlines()
    assert len(lines) == 57
    assert [line for line in lines if line.startswith("line")] == text.splitlines()
    assert done.canaries.text is not None
    for one in done.canaries.canaries:
        assert lines.count(done.canaries.text.rendered(one.secret)) == one.repeats
    assert done.canaries.space == 10**9
    assert done.canaries.repeats == (1, 2, 4)


def test_rows_have_random_values_and_a_label_that_is_not_their_own() -> None:
    """Only the drawn columns and the label differ from a row of the data; types stay."""
    rows = _rows()
    done = plant_in_table(rows, "left", columns=["calls", "plan"], repeats=(1, 4), seed=_KEY)
    assert done.rows.num_rows == 305
    assert done.rows.schema == rows.schema
    known = {row["id"]: row for row in rows.to_pylist()}
    planted = done.rows.to_pylist()
    for one in done.canaries.canaries:
        base = known[one.row["id"]]
        assert one.row["left"] != base["left"]
        assert (one.row["flag"], one.row["minutes"]) == (base["flag"], base["minutes"])
        assert planted.count({**base, **one.row}) == one.repeats
        assert one.row["plan"] in {"gold", "blue", "grey"}


def test_columns_are_chosen_where_none_is_named() -> None:
    """Numbers that tell least of the label are drawn; without any it says so."""
    done = plant_in_table(_rows(), "left", seed=_KEY)
    assert done.canaries.table is not None
    assert [column.name for column in done.canaries.table.columns] == ["calls", "minutes"]
    with pytest.raises(InputError, match="ten values"):
        plant_in_table(_rows().select(["plan", "flag", "left"]), "left")
    with pytest.raises(InputError, match="two values"):
        plant_in_table(_rows().filter(pa.array([i == 0 for i in range(300)])), "left", columns=["calls"])


def test_secrets_are_fresh_unless_a_seed_is_given() -> None:
    """Two runs plant other secrets; a seed repeats them."""
    one, two = (plant_in_text("a\nb", "no ########").canaries for _ in range(2))
    assert one.canaries[0].secret != two.canaries[0].secret
    again = [plant_in_text("a\nb", "no ########", seed=_KEY).canaries for _ in range(2)]
    assert again[0] == again[1]


def test_the_list_is_kept_for_its_owner(tmp_path: Path) -> None:
    """It is written with mode 0600 and reads back as it was."""
    made = plant_in_table(_rows(), "left", seed=_KEY).canaries
    made.write(tmp_path / "secret.json")
    assert (tmp_path / "secret.json").stat().st_mode & 0o777 == 0o600
    assert read_canaries(tmp_path / "secret.json") == made


def test_digests_do_not_tell_the_secret() -> None:
    """Equal secrets under other keys have other digests."""
    one = plant_in_text("a", "no #", repeats=(1,), seed=_KEY).canaries
    other = one.model_copy(update={"seed": "f" * 32})
    assert one.digest(0) != other.digest(0)
    assert len(one.digest(0)) == 12


@given(st.integers(1, 400), st.integers(0, 10**6))
def test_candidates_are_of_the_space_and_never_the_canary(count: int, seed: int) -> None:
    """Drawn or all of them, in range, without the secret itself."""
    made = plant_in_text("a", "no ##?", repeats=(1,), seed=f"{seed:032x}").canaries
    others = made.others(0, count)
    assert others.shape == (min(count, made.space - 1), 3)
    assert (others >= 0).all()
    assert (others < made.sizes).all()
    assert not (others == made.canaries[0].secret).all(axis=1).any()
    assert (others == made.others(0, count)).all()


def test_a_small_space_is_gone_through() -> None:
    """All 259 others of 260, each once."""
    made = plant_in_text("a", "no #?", repeats=(1,), seed=_KEY).canaries
    assert len({tuple(row) for row in made.others(0, 10**6).tolist()}) == 259


def _changed(**change: object) -> bytes:
    whole = json.loads(written(plant_in_table(_rows(), "left", columns=["plan"], seed=_KEY).canaries))
    return json.dumps({**whole, **change}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"schema": "redan/canaries/v1"}',
        b"[" * 100,
        _changed(schema="redan/canaries/v2"),
        _changed(seed="x"),
        _changed(data="00"),
        _changed(canaries=[]),
        _changed(table=None),
        _changed(text={"pattern": "a #", "vocabulary": None}),
        _changed(more=1),
        _changed(canaries=[{"secret": [0, 0], "repeats": 1, "row": {}}]),
        _changed(canaries=[{"secret": [900], "repeats": 1, "row": {}}]),
        _changed(canaries=[{"secret": [0], "repeats": 1, "row": {"plan": "gold", "left": "no"}}]),
        _changed(canaries=[{"secret": [0], "repeats": -1, "row": {}}]),
        b'{"schema": 1, "schema": 2}',
        _changed(canaries=[{"secret": [math.inf], "repeats": 1}]),
    ],
)
def test_what_is_no_set_of_canaries_is_refused(data: bytes) -> None:
    """One line with its place, which tells no value of the file."""
    with pytest.raises(InputError) as error:
        parse_canaries(data, file="secret.json")
    assert str(error.value).startswith("secret.json:")
    assert "\n" not in str(error.value)
    assert "gold" not in str(error.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_canaries_or_refused(data: bytes) -> None:
    """The fuzz target on arbitrary bytes, bare and inside of a set."""
    TARGET.TestOneInput(data)
    TARGET.TestOneInput(_changed(seed=data.decode("latin-1")))


@pytest.mark.parametrize("pattern", ["no random part", "#### first", "two\nlines ##"])
def test_patterns_that_cannot_be_guessed_after_a_beginning_are_refused(pattern: str) -> None:
    """A pattern is one line with a fixed beginning and a random part."""
    with pytest.raises(InputError):
        plant_in_text("a", pattern)


def test_what_the_list_cannot_hold_is_refused() -> None:
    """Patterns of 300 digits, cells of a megabyte, and types that no list of JSON can fill."""
    with pytest.raises(InputError, match="too long or too many"):
        plant_in_text("a", "no " + "#" * 300)
    with pytest.raises(InputError, match="too long or too many"):
        plant_in_text("a", "x" * 2000 + "#")
    rows = _rows(50)
    long = rows.append_column("story", pa.array(["y" * 1_000_000] * 50))
    with pytest.raises(InputError, match="too long or too many"):
        plant_in_table(long, "left", columns=["calls"])
    with pytest.raises(InputError, match="cannot be drawn"):
        plant_in_table(rows.append_column("bits", pa.array([[i] for i in range(50)])), "left", columns=["bits"])


def test_columns_of_many_types_can_be_drawn() -> None:
    """Booleans, dates, moments, decimals, categories, and numbers with gaps keep their types."""
    n = 60
    days = pa.array([f"2020-01-{1 + i % 28:02d}" for i in range(n)])
    rows = pa.table(
        {
            "flag": [i % 2 == 0 for i in range(n)],
            "day": days.cast(pa.date32()),
            "moment": days.cast(pa.timestamp("us")),
            "price": pa.array([f"{i}.50" for i in range(n)]).cast(pa.decimal128(8, 2)),
            "kind": pa.array(["a", "b", "c"] * 20).dictionary_encode(),
            "gaps": pa.array([None if i % 5 == 0 else i for i in range(n)]),
            "label": [float(i % 2) for i in range(n)],
        }
    )
    names = ["flag", "day", "moment", "price", "kind", "gaps"]
    done = plant_in_table(rows, "label", columns=names, repeats=(1, 3), seed=_KEY)
    assert done.rows.schema == rows.schema
    assert done.rows.num_rows == n + 4
    assert parse_canaries(written(done.canaries)) == done.canaries


def test_a_set_holds_exactly_one_format() -> None:
    """Neither text nor table is no set."""
    with pytest.raises(ValueError, match="exactly one"):
        CanarySet(seed=_KEY, canaries=plant_in_text("a", "no #", seed=_KEY).canaries.canaries)
