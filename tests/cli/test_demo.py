"""`redan demo` in a folder that somebody else filled: none of its scripts, modules or links is used."""

import pytest

from redan.cli import demo
from redan.errors import UsageError


def test_own_files_are_put_once(tmp_path):
    """A second call finds the example's files; a description that the user changed stays."""
    demo.place(tmp_path / "demo")
    (tmp_path / "demo" / "redan.toml").write_text("# mine\n", encoding="utf-8")
    demo.place(tmp_path / "demo")
    assert (tmp_path / "demo" / "redan.toml").read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize(
    "name", ["train.py", "fetch.py", "requirements-data.txt", "repaired/prepare.py", "repaired/train.py"]
)
def test_a_foreign_script_is_refused(tmp_path, name):
    """A script that is not the example's own would be run."""
    (tmp_path / "repaired").mkdir()
    (tmp_path / name).write_text("print('taken over')\n", encoding="utf-8")
    with pytest.raises(UsageError, match="differs from the example's own file"):
        demo.place(tmp_path)


@pytest.mark.parametrize(
    "name", [".", "data", "repaired", "data/train.csv", "model.onnx", "repaired/model.onnx", "train.py"]
)
def test_links_are_refused(tmp_path, name):
    """A link would make the example write, or run, something outside its folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "demo"
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        demo.place(folder)
    assert list(outside.iterdir()) == []


def test_modules_beside_the_scripts_are_not_imported(tmp_path):
    """A numpy.py or pip.py in the folder is not the package."""
    (tmp_path / "script.py").write_text("import sys, tomllib\nprint(tomllib.__file__)\n", encoding="utf-8")
    (tmp_path / "tomllib.py").write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    told = []

    class Screen:
        def print(self, text, **_options):
            told.append(text)

    demo._python(Screen(), tmp_path, "script.py")
    assert str(tmp_path) not in told[0]
