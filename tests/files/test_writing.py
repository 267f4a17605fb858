"""Names that files are to be written under, looked at before the work that fills them."""

import pytest

from redan.errors import UsageError
from redan.files import check_writable


def test_a_name_that_can_be_written_is_accepted_and_nothing_is_left(tmp_path):
    """A new name, one that is there, and one in folders that are still to be made."""
    there = tmp_path / "there"
    there.write_text("kept")
    for path in (tmp_path / "new", there, tmp_path / "a" / "b" / "c"):
        check_writable(path)
    assert [one.name for one in tmp_path.iterdir()] == ["there"]
    assert there.read_text() == "kept"


def test_a_name_that_cannot_be_written_is_refused_by_its_name(tmp_path):
    """A folder, a file in the place of a folder, and a folder that nobody can make one in."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "below", tmp_path / ("n" * 300)):
        with pytest.raises(UsageError) as caught:
            check_writable(path)
        assert caught.value.where == str(path)
        assert caught.value.remedy
