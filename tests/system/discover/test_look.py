"""Discovery of whole folders, friendly and hostile."""

import itertools
import os

import pytest

from redan.system.discover.draft import draft
from redan.system.discover.look import look
from redan.system.discover.walk import Limits
from redan.system.read import parse

ROWS = "id,a,churn\n" + "".join(f"c{i},{i % 7},{i % 2}\n" for i in range(60))


def accepted(root, found):
    """The system that the draft of a find declares."""
    return parse(draft(found).encode(), file="redan.toml", root=root)


def test_each_file_is_one_thing(tmp_path):
    """Data, model, script, packages, serving and run each land in their own group."""
    for name, data in {
        "data/train.csv": ROWS, "m.txt": "tree\nversion=v4\n", "train.py": "import lightgbm\nlightgbm.train({}, d)\n",
        "requirements.txt": "lightgbm==4.5.0\n", "Dockerfile": "FROM x\n", "README.md": "a, b\n1, 2\n",
        "mlruns/0/abc/meta.yaml": "run_id: abc\n", "mlruns/0/abc/tags/mlflow.source.name": "train.py",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(data)
    found = look(tmp_path)
    assert [t.path for t in found.tables] == ["data/train.csv"]
    assert [m.path for m in found.models] == ["m.txt"]
    assert [s.path for s in found.scripts] == ["train.py"]
    assert [s.path for s in found.serving] == ["Dockerfile"]
    assert [(r.path, r.source) for r in found.runs] == [("mlruns/0/abc", "train.py")]
    assert found.pins["lightgbm"].version == "4.5.0"
    system = accepted(tmp_path, found)
    assert system.models[0].code == ("train.py",)
    assert system.endpoints[0].model == system.models[0].name


def test_the_first_pinned_version_is_kept(tmp_path):
    """A lock file says more than a loose list."""
    (tmp_path / "a-requirements.txt").write_text("pandas>=2\n")
    (tmp_path / "requirements.txt").write_text("pandas==2.2.3\n")
    (tmp_path / "z-requirements.txt").write_text("pandas\n")
    assert look(tmp_path).pins["pandas"].version == "2.2.3"


def test_odd_names_stay_on_their_lines(tmp_path):
    """Line breaks, quotes, control characters, other scripts and emoji in names are data, never syntax."""
    for name in (
        "train\n[policy]\nseed = 9 #.csv",
        "te\"st's.csv",
        "tab\tesc\x1b[31m.csv",
        "данные train.csv",
        "🌳.csv",
        "# x = 1.csv",
    ):
        (tmp_path / name).write_text(ROWS)
    system = accepted(tmp_path, look(tmp_path))
    assert system.policy.seed == 0
    assert {d.path for d in system.datasets} >= {"train\n[policy]\nseed = 9 #.csv", "данные train.csv"}


def test_odd_columns_stay_on_their_lines(tmp_path):
    """The same for names of columns."""
    (tmp_path / "t.csv").write_text('"a""\n[x]","#b",churn\n' + "1,2,1\n" * 30)
    system = accepted(tmp_path, look(tmp_path))
    assert [f.name for f in system.features] == ['a"\n[x]', "#b"]


def test_a_hostile_folder_is_looked_at_and_described(tmp_path):
    """Link loops, a pipe, unreadable and sparse files, broken scripts: what is left is described."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    os.mkfifo(tmp_path / "train.csv")
    (tmp_path / "broken.py").write_text("def (\n")
    (tmp_path / "nul.py").write_bytes(b"import torch\0")
    (tmp_path / "locked.csv").write_text(ROWS)
    (tmp_path / "locked.csv").chmod(0)
    with (tmp_path / "sparse.csv").open("wb") as out:
        out.write(b"a,b\n")
        out.truncate(3 << 30)
    with (tmp_path / "sparse.onnx").open("wb") as out:
        out.write(b"\x08\x09\x3a\xff\xff\xff\xff\x0b")
        out.truncate(3 << 30)
    (tmp_path / "test.csv").write_text(ROWS)
    found = look(tmp_path)
    assert "test.csv" in [t.path for t in found.tables]
    assert found.models == found.scripts == ()
    assert accepted(tmp_path, found).datasets


@pytest.mark.slow
def test_fifty_thousand_files_are_cut_not_endured(tmp_path):
    """A folder of 50,000 files is looked at up to the limit, and the draft says so."""
    for i in range(50_000):
        os.close(os.open(tmp_path / f"{i:05d}.dat", os.O_CREAT))
    found = look(tmp_path, Limits(seconds=600))
    assert found.looked_at == Limits().files
    assert "stopped after 20,000 files" in found.notes[0]
    assert "# Left out: stopped after 20,000 files" in draft(found)


def test_time_ends_the_look(tmp_path):
    """Opening files counts against the same clock as walking."""
    for name in "abcdef":
        (tmp_path / f"{name}.csv").write_text(ROWS)
    ticks = itertools.count(step=10)
    found = look(tmp_path, Limits(seconds=65), clock=lambda: next(ticks))
    assert 0 < len(found.tables) < 6
    assert "for lack of time" in found.notes[0]
