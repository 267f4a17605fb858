"""Seals of datasets: every kind of change is named, nothing is stored that tells a row, and no bit changes unnoticed."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redan.content import seal_dataset, verify_dataset
from redan.content.comparison import AddedRows, RemovedRows
from redan.errors import InputError, InvalidError, UsageError
from redan.seal.keys import generate

SIGNER = generate("p256")
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _frame(rows=60):
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "tenure": rng.integers(0, 70, rows),
            "charges": rng.normal(50, 9, rows).round(2),
            "label": rng.choice(["yes", "no"], rows),
        }
    )


@pytest.fixture
def sealed(tmp_path):
    """A sealed table, and what compares another table with it."""
    return _sealing(tmp_path)


def _sealing(folder, frame=None, **options):
    path, seal, frame = folder / "d.csv", folder / "d.sig", _frame() if frame is None else frame
    frame.to_csv(path, index=False)
    seal_dataset(path, SIGNER, seal, **options)

    def compare(now, name="d.csv"):
        (folder / "now").mkdir(exist_ok=True)
        target = folder / "now" / name
        (now.to_csv if name.endswith(".csv") else now.to_parquet)(target, index=False)
        return verify_dataset(target, seal, SIGNER.public)

    compare.frame, compare.folder, compare.path, compare.seal = frame, folder, path, seal
    return compare


def test_an_untouched_table(sealed):
    """The sealed bytes are accepted, and their content is what was signed."""
    found = verify_dataset(sealed.path, sealed.seal, SIGNER.public, recompute=True)
    assert (found.same_bytes, found.same_content, found.sentences) == (True, True, ())
    found.check()


@pytest.mark.parametrize("name", ["d.parquet", "d.csv"])
def test_a_table_written_again(sealed, name):
    """Other bytes with the same content are refused, and it is said that they say the same."""
    now = sealed.frame[["label", "id", "tenure", "charges"]]
    found = sealed(now, name)
    assert (found.same_bytes, found.same_content) == (False, True)
    with pytest.raises(InvalidError, match="says the same"):
        found.check()


@SLOW
@given(st.integers(0, 59), st.sampled_from(["tenure", "charges", "label"]), st.booleans())
def test_a_changed_cell_is_named(tmp_path_factory, row, column, keyed):
    """One changed cell is one changed row, and its column, with and without identifiers."""
    options = {"identifiers": ("id",)} if keyed else {}
    compare = _sealing(tmp_path_factory.mktemp("d"), **options)
    now = compare.frame.astype({column: object})
    now.loc[row, column] = "something else"
    changes = compare(now).changes
    assert [(r.row, r.now) for r in changes.changed] == [(row + 1, row + 1)]
    assert set(changes.changed[0].columns) <= {column}  # the hint is one byte: once in 256 it says nothing
    assert (changes.added_count, changes.removed_count, changes.moved_count) == (0, 0, 0)


def test_the_sentences(sealed):
    """Rows and columns are told as people say them."""
    now = sealed.frame.copy()
    now.loc[16, "label"] = "maybe"
    assert "row 17 changed (column label)" in sealed(now).sentences
    now = pd.concat([sealed.frame[:40], sealed.frame[:3], sealed.frame[40:]])
    assert "3 rows added after row 40" in sealed(now).sentences
    assert "rows 5-7 removed" in sealed(sealed.frame.drop(index=[4, 5, 6])).sentences
    order = list(range(60))
    order.insert(11, order.pop(8))
    assert sealed(sealed.frame.iloc[order]).sentences[1:] == (
        "all 60 rows are there, in another order",
        "row 9 moved to 12",
    )


@SLOW
@given(st.integers(0, 58), st.integers(1, 4), st.sampled_from(["add", "remove"]))
def test_added_and_removed_rows_are_named(tmp_path_factory, row, count, what):
    """Rows that were added or removed are, and no others."""
    compare = _sealing(tmp_path_factory.mktemp("d"))
    if what == "add":
        fresh = compare.frame[:count].assign(id=range(1000, 1000 + count))
        changes = compare(pd.concat([compare.frame[:row], fresh, compare.frame[row:]])).changes
        assert changes.added == (AddedRows(row, row + 1, count),)
        assert (changes.changed_count, changes.removed_count, changes.moved_count) == (0, 0, 0)
        return
    gone = compare.frame.index[row : row + count]
    changes = compare(compare.frame.drop(index=gone)).changes
    assert changes.removed == (RemovedRows(row + 1, len(gone)),)
    assert (changes.changed_count, changes.added_count, changes.moved_count) == (0, 0, 0)


@SLOW
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_counts_add_up_among_copies(tmp_path_factory, values, random_):
    """Among rows that are copies of each other too, kept, changed, removed and added rows are all rows."""
    folder = tmp_path_factory.mktemp("d")
    compare = _sealing(folder, pd.DataFrame({"a": values, "b": "x"}))
    edited = [random_.choice("abcd") if random_.random() < 0.2 else v for v in values if random_.random() < 0.8] or [
        "d"
    ]
    found = compare(pd.DataFrame({"a": edited, "b": "x"}))
    changes = found.changes
    assert len(values) - changes.removed_count == len(edited) - changes.added_count
    assert found.same_content == (values == edited)
    assert found.same_rows == (sorted(values) == sorted(edited))
    if found.same_rows:
        assert (changes.changed_count, changes.removed_count, changes.added_count) == (0, 0, 0)


def test_many_changes_at_once(sealed):
    """Flips, copies and deletions together are told apart."""
    now = sealed.frame.copy()
    now.loc[[3, 9, 33], "label"] = "flipped"
    now = pd.concat([now[:20], now[:2].assign(id=[70, 71]), now[20:]]).drop(index=[50])
    changes = sealed(now).changes
    assert [r.row for r in changes.changed] == [4, 10, 34]
    assert changes.added == (AddedRows(20, 21, 2),)
    assert changes.removed == (RemovedRows(51, 1),)
    assert changes.columns == (("label", 3),)


def test_identifiers_follow_moved_rows(tmp_path):
    """With identifiers a row that moved and changed is one row that changed."""
    compare = _sealing(tmp_path, identifiers=("id",))
    now = compare.frame.sample(frac=1, random_state=1).reset_index(drop=True)
    place = int(now.index[now["id"] == 7][0])
    now.loc[place, "label"] = "flipped"
    changes = compare(now).changes
    assert [(r.row, r.now, r.columns) for r in changes.changed] == [(8, place + 1, ("label",))]
    assert (changes.added_count, changes.removed_count) == (0, 0)


def test_a_number_that_becomes_a_text_changes_one_row(sealed):
    """One odd value does not change how the other rows of its column are read."""
    now = sealed.frame.astype({"tenure": object})
    now.loc[5, "tenure"] = "n/a?"
    for name in ("d.csv", "d.parquet"):
        assert [r.row for r in sealed(now.astype({"tenure": str}), name).changes.changed] == [6]


def test_columns(sealed):
    """Added, removed and renamed columns are named."""
    assert "column 'new' added" in sealed(sealed.frame.assign(new=1)).sentences
    assert "column 'label' removed" in sealed(sealed.frame.drop(columns="label")).sentences
    assert "column 'label' is now called 'churn'" in sealed(sealed.frame.rename(columns={"label": "churn"})).sentences


def test_without_the_secret_no_row_is_named(sealed):
    """Without the rows' key the change is found, and it is said why no row is named."""
    (sealed.folder / "d.sig.rows.key").unlink()
    now = sealed.frame.assign(label="no")
    found = sealed(now)
    assert found.changes is None
    assert "the key of the rows is not here" in found.summary
    assert sealed(sealed.frame[::-1]).same_rows


def test_another_secret_is_refused(sealed):
    """A rows' key of another seal, or one that others can read, is named."""
    key = sealed.folder / "d.sig.rows.key"
    key.write_text("ab" * 32 + "\n")
    with pytest.raises(InvalidError, match=r"rows\.key"):
        sealed(sealed.frame[:9])
    key.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        sealed(sealed.frame[:9])


@pytest.mark.parametrize("name", ["d.sig", "d.sig.content.json", "d.sig.rows"])
def test_one_flipped_bit_is_found_and_named(sealed, name):
    """One flipped bit at any place of any of the three files is found, and the file named."""
    file = sealed.folder / name
    whole = file.read_bytes()
    places = random.Random(name).sample(range(len(whole) * 8), 60)
    for place in places:
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        file.write_bytes(data)
        with pytest.raises(InvalidError) as told:
            verify_dataset(sealed.path, sealed.seal, SIGNER.public)
        assert name in str(told.value)


def test_files_of_another_seal_are_found(sealed, tmp_path):
    """The statement and record of another seal by the same key do not pass for those of this one."""
    other = tmp_path / "other"
    other.mkdir()
    _sealing(other, _frame(30))
    for name in ("d.sig.content.json", "d.sig.rows"):
        own = (sealed.folder / name).read_bytes()
        (sealed.folder / name).write_bytes((other / name).read_bytes())
        with pytest.raises(InvalidError, match=name):
            verify_dataset(sealed.path, sealed.seal, SIGNER.public)
        (sealed.folder / name).write_bytes(own)


def test_another_key_is_refused(sealed):
    """A seal of another signer is invalid, before anything in it is looked at."""
    with pytest.raises(InvalidError, match=r"d\.sig"):
        verify_dataset(sealed.path, sealed.seal, generate("p256").public)


def test_the_record_tells_no_rows(tmp_path):
    """Equal rows leave no equal bytes in the record, and two records of one table share nothing."""
    compare = _sealing(tmp_path, pd.DataFrame({"a": ["yes"] * 500}))
    record = (tmp_path / "d.sig.rows").read_bytes()
    pieces = [record[i : i + 8] for i in range(len(record) - 8)]
    assert len(set(pieces)) == len(pieces)
    seal_dataset(compare.path, SIGNER, compare.seal)
    again = (tmp_path / "d.sig.rows").read_bytes()
    assert not {again[i : i + 8] for i in range(14, len(again) - 8)} & set(pieces[14:])


def test_no_value_is_in_the_messages(sealed):
    """Comparisons hold numbers and names of columns, never a value."""
    now = sealed.frame.astype({"label": object})
    now.loc[5, "label"] = "SECRETVALUE"
    found = sealed(now)
    assert "SECRETVALUE" not in found.summary + str(found.to_json()) + repr(found)


def test_what_cannot_be_sealed(tmp_path):
    """Unknown identifiers, absent files and files that are no table are refused, and leave no seal."""
    path = tmp_path / "d.csv"
    path.write_bytes(b"a\n1\n")
    for file, identifiers, kind in (
        (path, ("b",), InputError),
        (tmp_path / "absent.csv", (), (InputError, UsageError)),
    ):
        with pytest.raises(kind):
            seal_dataset(file, SIGNER, tmp_path / "s", identifiers=identifiers)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.csv"]


def test_modes(sealed):
    """The rows' key is for its owner alone; the public files are not."""
    modes = {p.name: p.stat().st_mode & 0o777 for p in sealed.folder.iterdir() if p.is_file()}
    assert modes["d.sig.rows.key"] == 0o600
    assert modes["d.sig.rows"] == modes["d.sig.content.json"] == 0o644
    assert not [p for p in sealed.folder.iterdir() if p.name.startswith(".")]


def test_large_tables_keep_their_row_numbers(tmp_path):
    """In a table of several batches and segments the numbers are still right."""
    rows = 150_000
    path, seal = tmp_path / "d.csv", tmp_path / "d.sig"
    lines = [f"{i},{i % 7}\n" for i in range(rows)]
    path.write_text("n,c\n" + "".join(lines))
    seal_dataset(path, SIGNER, seal)
    for row in (0, 70_000, 140_000):
        lines[row] = f"{row},x\n"
    del lines[100_000]
    path.write_text("n,c\n" + "".join(lines))
    changes = verify_dataset(path, seal, SIGNER.public).changes
    assert [r.row for r in changes.changed] == [1, 70_001, 140_001]
    assert changes.removed == (RemovedRows(100_001, 1),)
    assert list(itertools.chain(changes.added, changes.moved)) == []
