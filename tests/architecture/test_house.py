"""The house keeps its own rules: small rooms, layers, no asserts, one broad except, documented tests."""

import ast
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from redan.cli.demo import FILES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "redan"
MODULES = sorted(PACKAGE.rglob("*.py"))
# The rim of a process and the runner; each says why beside its except.
BROAD_EXCEPTS = {"cli/app.py", "gateway/asgi.py", "runner/answer.py"}
# The one module that unpickles: sealed bytes only, and only when the caller said unsafe_format.
UNPICKLERS = {"models/unpickling.py"}


def _functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.name, (n.end_lineno or 0) - n.lineno + 1) for n in ast.walk(tree) if isinstance(n, kinds)]


def test_modules_are_small_rooms():
    """No module has more than 500 lines, and the median is under 150."""
    sizes = {str(p.relative_to(PACKAGE)): p.read_text(encoding="utf-8").count("\n") for p in MODULES}
    assert {name: size for name, size in sizes.items() if size > 500} == {}
    assert statistics.median(size for name, size in sizes.items() if size > 3) < 150


def test_functions_are_short():
    """No function is longer than 60 lines, and nine in ten are under 30."""
    sizes = [(f"{p.relative_to(PACKAGE)}:{name}", size) for p in MODULES for name, size in _functions(p)]
    assert [entry for entry in sizes if entry[1] > 60] == []
    under = sum(size <= 30 for _, size in sizes) / len(sizes)
    assert under > 0.9


def test_folders_are_shallow():
    """No folder lies deeper than three below the package."""
    assert [p for p in MODULES if len(p.relative_to(PACKAGE).parts) > 4] == []


def test_no_assert_guards_input():
    """The package holds no assert statement: it would vanish under -O."""
    found = [
        f"{p.relative_to(PACKAGE)}:{node.lineno}"
        for p in MODULES
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_broad_excepts_stay_where_they_belong():
    """Only the runner, the rim of the process and the rim of the server catch every exception."""
    broad = {"Exception", "BaseException"}
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or (isinstance(node.type, ast.Name) and node.type.id in broad)
            ):
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == BROAD_EXCEPTS


def test_nothing_evaluates_or_unpickles():
    """No eval, exec, pickle, marshal or shell anywhere in the package."""
    names = {"eval", "exec", "compile"}
    modules = {"pickle", "marshal", "shelve", "dill", "joblib"}
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                found.append((path.name, node.lineno))
            if isinstance(node, ast.keyword) and node.arg == "shell":
                found.append((path.name, node.lineno))
            allowed = path.relative_to(PACKAGE).as_posix() in UNPICKLERS
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not allowed:
                roots = {(a.name or "").split(".")[0] for a in node.names}
                roots.add((getattr(node, "module", None) or "").split(".")[0])
                found += [(path.name, node.lineno)] if roots & modules else []
    assert found == []


def test_every_test_says_what_it_proves():
    """Each test has a docstring of its own."""
    bare = [
        f"{p.relative_to(ROOT)}:{node.name}"
        for p in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_no_machine_paths_are_committed():
    """No tracked file names a folder of the machine it was written on."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    words = tuple("/" + word + "/" for word in ("work", "farm", "root"))
    found = []
    for name in done.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1 << 20 and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [name for word in words if f" {word}" in text or f'"{word}' in text]
    assert found == []


def test_import_is_lazy():
    """`import redan` and the help of the command line load no numerics, tables or crypto."""
    heavy = ["numpy", "scipy", "duckdb", "pyarrow", "pydantic", "cryptography", "rich", "sklearn", "pandas"]
    code = (
        "import sys, redan, redan.cli.app as app\n"
        "try:\n app.main(['--help'])\nexcept SystemExit: pass\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_public_face_is_what_all_says():
    """Every name of `redan.__all__` can be imported, and nothing else is promised."""
    import redan

    assert all(getattr(redan, name) is not None for name in redan.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = redan.nothing_like_it


def test_the_wheel_carries_what_the_demo_places():
    """The example's files are named one by one: a folder that was used holds private keys."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = table["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(included) == {f"examples/churn/{name}" for name in FILES}
    assert all(target == f"redan/_{source}" for source, target in included.items())
