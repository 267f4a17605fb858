"""Lock files of every kind: what is pinned, what is not, and agreement with the installer's own parser."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.dependencies.lock import read_lock
from redan.measures.dependencies.names import normal_name

ONE, OTHER = "ab" * 32, "cd" * 32
HASH = f"--hash=sha256:{ONE}"
FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_lock.py"


def pins(text):
    """Name, version and fault of each pin."""
    return [(p.name, p.version, p.fault) for p in read_lock(text.encode()).pins]


@pytest.mark.parametrize(
    "line",
    [
        f"numpy==2.1.0 {HASH}",
        f"NumPy == 2.1 {HASH}",
        f"numpy===2.1.0 {HASH}",
        f"numpy[fft,linalg]==2.1.0 ; python_version >= '3.9' {HASH}",
        f"numpy==2.1.0 \\\n    {HASH} \\\n    --hash sha256:{OTHER}\n",
        f"numpy==2.1.0 {HASH}  # via scipy",
        f"numpy==2.1.0 \\\n  # a comment inside\n  {HASH}",
        f"\ufeffnumpy==2.1.0 {HASH}",
        f"--require-hashes\n-i https://example.org/simple\n\n# comment\nnumpy==2.1.0 {HASH}",
        f"https://example.org/numpy-2.1.0-cp311-cp311-linux_x86_64.whl {HASH}",
        f"numpy @ https://example.org/numpy-2.1.0.tar.gz {HASH} ; python_version > '3'",
    ],
)
def test_pinned_lines_are_pinned(line):
    """Every form that an installer in hash mode accepts."""
    found = pins(line)
    if "tar.gz" in line:
        assert found[0][0] == "numpy"
    else:
        assert found == [("numpy", "2.1", None)] or "inside" in line


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy>=1",
        f"numpy>=2.1.0 {HASH}",
        f"numpy==2.* {HASH}",
        f"numpy==2.1.0,<3 {HASH}",
        f"numpy!=2.1.0 {HASH}",
        "numpy==2.1.0",
        f"numpy==2.1.0 --hash=md5:{'0' * 32}",
        f"numpy==2.1.0 --hash=sha1:{'0' * 40}",
        f"numpy==2.1.0 --hash=sha256:{ONE[:-1]}",
        f"numpy==2.1.0 --hash=sha256:{'zz' * 32}",
        "numpy==2.1.0 --hash=",
        f"numpy==2.1.0 {HASH} --hash=md5:{'0' * 32}",
        f"numpy==2.1.0 # {HASH}",
        f"numpy==${{VERSION}} {HASH}",
        "-e .",
        "-e git+https://example.org/x#egg=numpy",
        "--editable=./numpy",
        f"git+https://example.org/numpy@main#egg=numpy {HASH}",
        f"numpy @ git+https://example.org/numpy {HASH}",
        f"numpy @ file:///opt/numpy-2.1.0.tar.gz {HASH}",
        f"./numpy-2.1.0.tar.gz {HASH}",
        "http://[broken",
        f"numpy==2.1.0 --no-such-option=1 {HASH}",
        "numpy==2.1.0 hash=sha256",
    ],
)
def test_loose_lines_are_faults(line):
    """Nothing that may install other bytes tomorrow counts as pinned."""
    lock = read_lock(f"pillow==11.0 {HASH}\n{line}\n".encode())
    assert lock.faults or any(p.fault for p in lock.pins)
    assert all(not p.fault for p in lock.pins if p.name == "pillow")


def test_files_that_are_taken_in_are_named():
    """`-r` in each of its spellings; constraints install nothing."""
    lock = read_lock(b"-r base.txt\n--requirement=more.txt\n-rlast.txt\n-c limits.txt\n")
    assert lock.includes == ((1, "base.txt"), (2, "more.txt"), (3, "last.txt"))
    assert lock.pins == ()


LINES = st.lists(
    st.sampled_from(
        [
            f"numpy==2.1.0 {HASH}",
            f"numpy==2.1.0 \\\n  {HASH}",
            "# comment \\",
            "scipy>=1 ; python_version > '3'",
            "pandas[all]==2.2.0",
            "  ",
            "-i https://example.org/simple",
            f"pillow==11.0 # note {HASH}",
            "requests == 2.32.0 \\",
        ]
    ),
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(LINES)
def test_requirements_agree_with_the_installers_own_parser(tmp_path_factory, lines):
    """pip's parser finds the same distributions on the same lines with the same digests."""
    network = pytest.importorskip("pip._internal.network.session")
    files = pytest.importorskip("pip._internal.req.req_file")
    build = pytest.importorskip("pip._internal.req.constructors")
    path = tmp_path_factory.mktemp("lock") / "requirements.txt"
    path.write_text("\n".join(lines) + "\n")
    try:
        session = network.PipSession()
        raw = list(files.parse_requirements(str(path), session=session))
        known = [build.install_req_from_parsed_requirement(r) for r in raw]
    except Exception:  # noqa: BLE001 -- the installer refuses the whole file: so may we, line by line
        return
    found = read_lock(path.read_bytes()).pins
    assert [p.name for p in found] == [normal_name(r.req.name) for r in known]
    for mine, theirs in zip(found, known, strict=True):
        exact = len(theirs.req.specifier) == 1 and next(iter(theirs.req.specifier)).operator in {"==", "==="}
        assert exact or mine.version is None  # an option behind a continued line is a fault here, and dropped there
        assert mine.version is not None or not exact or any(line.endswith("\\") for line in lines)
        digests = {f"{a}:{v}" for a, values in theirs.hash_options.items() for v in values}
        assert {f"{h.algorithm}:{h.value}" for h in mine.hashes} == digests


PYLOCK = f"""\
lock-version = "1.0"
created-by = "some-tool"

[[packages]]
name = "numpy"
version = "2.1.0"
[[packages.wheels]]
name = "numpy-2.1.0-py3-none-any.whl"
url = "https://example.org/numpy-2.1.0-py3-none-any.whl"
hashes = {{sha256 = "{ONE}", md5 = "{"0" * 32}"}}

[[packages]]
name = "windows-only"
version = "1"
marker = "sys_platform == 'win32'"
sdist = {{name = "w-1.tar.gz", url = "https://example.org/w-1.tar.gz", hashes = {{sha512 = "{ONE * 2}"}}}}

[[packages]]
name = "from-git"
[packages.vcs]
type = "git"
url = "https://example.org/x"
commit-id = "{"a" * 40}"

[[packages]]
name = "churn"
[packages.directory]
path = "."
editable = true
"""


def test_pylock_of_pep_751():
    """Digests of every file, markers, version control, and the project itself."""
    lock = read_lock(PYLOCK.encode())
    assert lock.kind == "pylock"
    found = {p.name: p for p in lock.pins}
    assert found["numpy"].fault is None
    assert [h.algorithm for h in found["numpy"].hashes] == ["sha256"]
    assert found["windows-only"].conditional
    assert found["windows-only"].fault is None
    assert "version control" in found["from-git"].fault
    assert found["churn"].own
    assert [p.line for p in lock.pins] == [4, 12, 18, 25]


def test_uv_lock():
    """Registry packages with digests hold; git sources and files without a digest do not; the project is its own."""
    text = f"""\
version = 1
requires-python = ">=3.11"

[[package]]
name = "numpy"
version = "2.1.0"
source = {{ registry = "https://example.org/simple" }}
sdist = {{ url = "https://example.org/numpy.tar.gz", hash = "sha256:{ONE}", size = 3 }}
wheels = [ {{ url = "https://example.org/numpy.whl", hash = "sha256:{OTHER}", size = 3 }} ]

[[package]]
name = "churn"
version = "0.1.0"
source = {{ editable = "." }}

[[package]]
name = "tool"
version = "1.0"
source = {{ git = "https://example.org/tool?rev=main" }}

[[package]]
name = "half"
version = "1.0"
source = {{ registry = "https://example.org/simple" }}
wheels = [ {{ url = "https://example.org/half.whl" }}, {{ url = "https://example.org/x.whl", hash = "sha256:{ONE}" }} ]
"""
    found = {p.name: p for p in read_lock(text.encode()).pins}
    assert found["numpy"].fault is None
    assert len(found["numpy"].hashes) == 2
    assert found["churn"].own
    assert found["tool"].fault
    assert found["half"].fault == "has a file without a digest"


def test_poetry_and_pipenv_locks():
    """Both keep a digest per file and exact versions."""
    poetry = f"""\
# This file is automatically @generated by Poetry 2.1.0
[[package]]
name = "numpy"
version = "2.1.0"
optional = false
files = [ {{file = "numpy-2.1.0.whl", hash = "sha256:{ONE}"}} ]

[metadata]
lock-version = "2.1"
content-hash = "{OTHER}"
"""
    assert pins(poetry) == [("numpy", "2.1", None)]
    pipenv = {
        "_meta": {"hash": {"sha256": OTHER}},
        "default": {"numpy": {"hashes": [f"sha256:{ONE}"], "version": "==2.1.0"}},
        "develop": {"tool": {"git": "https://example.org/tool"}},
    }
    lock = read_lock(json.dumps(pipenv).encode())
    assert [(p.name, bool(p.fault)) for p in lock.pins] == [("numpy", False), ("tool", True)]


@pytest.mark.parametrize(
    "data",
    [
        b'[project]\nname = "x"\n',
        b"version = 1\n",
        b"lock-version = 1\npackages = 3\n",
        b'lock-version = "1.0"\npackages = 3\n',
        b"{}",
        b'{"_meta": {}, "default": [1]}',
        b"\xff\xfe",
        b"numpy\0",
        b"a = " + b"[" * 5000,
        b"x = " + b"9" * 9000,
        b"{" * 5000,
    ],
)
def test_what_is_no_lock_file_is_refused(data):
    """One clause, no traceback, nothing quoted."""
    with pytest.raises(ValueError, match=r"^[a-z][^\n]*$"):
        read_lock(data)


def test_a_file_beyond_the_limit_is_refused():
    """Size is looked at before anything else."""
    with pytest.raises(ValueError, match="larger than"):
        read_lock(b"#" * ((16 << 20) + 1))


def test_long_runs_of_white_space_and_quotes_cost_linear_time():
    """A line of a million spaces is read, not searched back and forth."""
    assert read_lock(b"numpy" + b" " * 1_000_000 + b"==2.1").pins[0].version == "2.1"
    assert read_lock((f"numpy==2.1 {HASH}" + " " * 1_000_000 + "x").encode()).pins[0].fault


def fuzz_target():
    """The target of the outside fuzzer."""
    spec = importlib.util.spec_from_file_location("fuzz_lock", FUZZ)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("fuzz_lock", module)
    spec.loader.exec_module(module)
    return module.TestOneInput


PIECES = st.lists(
    st.sampled_from(
        [
            b"numpy",
            b"==2.1",
            b"[[package]]\n",
            b"name = ",
            b'"x"',
            b"\n",
            b" \\\n",
            b"--hash=sha256:",
            ONE.encode(),
            b"{",
            b"}",
            b"-e ",
            b"#",
            b";",
            b"@",
            b"lock-version",
            b" = ",
            b"version = 1\n",
            b"https://",
            b"[",
            b"]",
        ]
    )
    | st.binary(max_size=6),
    max_size=30,
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_any_bytes_are_pins_or_a_refusal(data):
    """The fuzz target holds on what hypothesis thinks of."""
    fuzz_target()(data)
