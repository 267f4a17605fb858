"""Loose and forged lock files, and preprocessing packages with known vulnerabilities, each with its repaired twin."""

import hashlib
import json

from redan.controls.contract import Vector
from redan.terms import Outcome

_PINNED = "A-MLSG-003-D003/packages-are-pinned-and-hashed"
_KNOWN = "A-MLSG-003-D003/no-known-vulnerabilities"
_SYSTEM = '[system]\nname = "churn"\nstage = "training"\n\n'
_STEP = '[[preprocessor]]\nname = "scale"\npackage = "NumPy"\nthird_party = true\n'
_LOCKED = '[pipeline]\nrequirements = ["requirements.txt"]\n'
_ONE, _OTHER = (hashlib.sha256(word).hexdigest() for word in (b"wheel", b"sdist"))
_GOOD = f"numpy==2.1.0 \\\n    --hash=sha256:{_ONE} \\\n    --hash=sha256:{_OTHER}\n"
_OPEN_NOTE = "Whoever publishes the next release, or answers for the index, runs code with the rights of the pipeline."
_VEX_NOTE = "A preprocessor sees every raw sample; a hole in it is a hole in front of every check."
_CVE = "CVE-2099-10001"


def vectors() -> tuple[Vector, ...]:
    """Bad systems, their repaired twins, and hostile lock files."""
    return (*_loose(), *_stated(), *_formats(), *_vulnerable())


def _case(name: str, outcome: Outcome, lock: str, *, step: str = _STEP, subject: str | None = None) -> Vector:
    files = {"redan.toml": (_SYSTEM + step + _LOCKED).encode(), "requirements.txt": lock.encode()}
    return Vector(name=name, files=files, check=_PINNED, expect=outcome, note=_OPEN_NOTE, subject=subject)


def _loose() -> tuple[Vector, ...]:
    broken, step = Outcome.BROKEN, "preprocessor:scale"
    digest = f"--hash=sha256:{_ONE}"
    return (
        _case("a lowest version only", broken, "numpy>=1\n", subject=step),
        _case("a version with a wildcard", broken, f"numpy==2.* {digest}\n", subject=step),
        _case("no version at all", broken, f"numpy {digest}\n", subject=step),
        _case("a version without a digest", broken, "numpy==2.1.0\n", subject=step),
        _case("a digest of MD5", broken, f"numpy==2.1.0 --hash=md5:{_ONE[:32]}\n", subject=step),
        _case("a digest that was cut off", broken, f"numpy==2.1.0 --hash=sha256:{_ONE[:40]}\n", subject=step),
        _case("a digest that is no number", broken, f"numpy==2.1.0 --hash=sha256:{'x' * 64}\n", subject=step),
        _case("another package is locked", broken, _GOOD.replace("numpy", "scipy"), subject=step),
        _case("the digest is in a comment", broken, f"numpy==2.1.0  # {digest}\n", subject=step),
        _case("version control", broken, f"numpy @ git+https://example.org/numpy@main {digest}\n", subject=step),
        _case("an editable package beside it", broken, _GOOD + "-e ./tools\n", subject="pipeline"),
        _case("another file is taken in", broken, _GOOD + "-r more.txt\n", subject="pipeline"),
        _case("a loose package beside it", broken, _GOOD + "pillow\n", subject="pipeline"),
        _case("an empty lock file", broken, "# nothing\n", subject="pipeline"),
        _case("third party without a package", broken, _GOOD, step=_STEP.replace('package = "NumPy"\n', "")),
        _case("locked by version and digests", Outcome.HOLDS, _GOOD),
        _case(
            "locked with a marker and extras", Outcome.HOLDS, f'NumPy[fft]==2.1 ; python_version >= "3.9" {digest}\n'
        ),
        _case(
            "own code needs no lock", Outcome.HOLDS, _GOOD, step='[[preprocessor]]\nname = "own"\ncallable = "a:b"\n'
        ),
        _case(
            "a wheel from an address, with its digest",
            Outcome.HOLDS,
            f"numpy @ https://example.org/numpy-2.1.0-cp311-cp311-linux_x86_64.whl#sha256={_ONE}\n",
        ),
    )


def _stated() -> tuple[Vector, ...]:
    def said(key: str, value: str) -> str:
        return f'{_STEP}{key} = "{value}"\n'

    return (
        _case("another version is stated", Outcome.BROKEN, _GOOD, step=said("version", "2.0.9")),
        _case("another digest is stated", Outcome.BROKEN, _GOOD, step=said("sha256", hashlib.sha256(b"x").hexdigest())),
        _case("version and spelling agree", Outcome.HOLDS, _GOOD, step=said("version", "v2.1")),
        _case("the stated digest is locked", Outcome.HOLDS, _GOOD, step=said("sha256", _OTHER.upper())),
    )


def _formats() -> tuple[Vector, ...]:
    head = 'lock-version = "1.0"\ncreated-by = "tool"\n[[packages]]\nname = "numpy"\nversion = "2.1.0"\n'
    wheel = '[[packages.wheels]]\nname = "numpy-2.1.0-cp311-cp311-linux_x86_64.whl"\n'
    pylock = f'{head}{wheel}hashes = {{sha256 = "{_ONE}"}}\n'
    uv = 'version = 1\n[[package]]\nname = "numpy"\nversion = "2.1.0"\nsource = { registry = "https://example.org" }\n'
    file = f'{{ url = "https://example.org/numpy-2.1.0.tar.gz", hash = "sha256:{_ONE}" }}'
    return (
        _case("pylock.toml with digests", Outcome.HOLDS, pylock),
        _case("pylock.toml with a file without digest", Outcome.BROKEN, f"{pylock}{wheel}hashes = {{}}\n"),
        _case("uv.lock with digests", Outcome.HOLDS, f"{uv}sdist = {file}\n"),
        _case("uv.lock from version control", Outcome.BROKEN, uv.replace("registry", "git")),
        _case("a lock file that is none", Outcome.NOT_RUN, '[project]\nname = "churn"\n'),
        _case("a lock file that is no text", Outcome.NOT_RUN, "numpy==2.1.0\0\n"),
    )


def _vulnerable() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, vulns: list[object], version: str = "2.1.0", **vex: object) -> Vector:
        audit = {"dependencies": [{"name": "numpy", "version": version, "vulns": vulns}], "fixes": []}
        named = '\naudit = "audit.json"\n' + ('statements = "vex.json"\n' if vex else "")
        toml = f"# {_CVE}\n{_SYSTEM}{_STEP}{_LOCKED}{named}"
        files = {
            "redan.toml": toml.encode(),
            "requirements.txt": _GOOD.encode(),
            "audit.json": json.dumps(audit).encode(),
            **({"vex.json": json.dumps(_document(vex)).encode()} if vex else {}),
        }
        return Vector(
            name=name, files=files, check=_KNOWN, expect=outcome, note=_VEX_NOTE, subject="preprocessor:scale"
        )

    hole: list[object] = [{"id": "PYSEC-2099-1", "fix_versions": ["2.1.1"], "aliases": [_CVE]}]
    reason = "vulnerable_code_not_in_execute_path"
    return (
        case("a known vulnerability", Outcome.BROKEN, hole),
        case("stated not to apply, without a reason", Outcome.BROKEN, hole, status="not_affected"),
        case("still looked into", Outcome.BROKEN, hole, status="under_investigation", justification=reason),
        case("stated not to apply, with a reason", Outcome.HOLDS, hole, status="not_affected", justification=reason),
        case("no known vulnerability", Outcome.HOLDS, []),
        case("the search looked at another version", Outcome.NOT_RUN, [], version="2.0.0"),
    )


def _document(statement: dict[str, object]) -> dict[str, object]:
    about = {"vulnerability": {"name": _CVE}, "products": [{"@id": "pkg:pypi/numpy@2.1.0"}], **statement}
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex-1",
        "author": "security team",
        "timestamp": "2026-05-20T12:00:00Z",
        "version": 1,
        "statements": [about],
    }
