"""Files open to everyone and secrets in training code, each with its repaired twin.

The planted secrets are put together at run time, so that this repository holds nothing that looks like a live key.
"""

import random
import string

from redan.controls.contract import Vector
from redan.terms import Outcome

_MODES = "A-MLSG-001-C001/files-are-not-world-readable"
_LOCKED = "A-MLSG-001-C001/confidential-files-are-encrypted"
_SECRETS = "A-MLSG-001-C001/code-holds-no-secrets"
_OPEN = "Every account of a shared machine copies the training pool."
_CLEAR = "Whoever gets at the disk, or at a copy of it, reads the training pool."
_LEAK = "A key in a script opens the data store to whoever reads the repository."
_NOISE = "Hashes and run ids are in every script; a check that calls them secrets is switched off."
_SYSTEM = '[system]\nname = "churn"\nstage = "training"\n\n'
_ROWS = b"tenure,churn\n1,0\n2,1\n3,0\n"


def vectors() -> tuple[Vector, ...]:
    """Bad systems, their repaired twins, and harmless look-alikes."""
    return (*_permissions(), *_leaks(), *_locks())


def _permissions() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, keys: str, mode: int) -> Vector:
        toml = f'{_SYSTEM}[[dataset]]\nname = "train"\nrole = "train"\npath = "train.csv"\n{keys}'
        return Vector(
            name=name,
            files={"redan.toml": toml.encode(), "train.csv": _ROWS},
            check=_MODES,
            expect=outcome,
            subject="dataset:train",
            note=_OPEN,
            modes={"train.csv": mode},
        )

    return (
        case("a confidential file that everyone may read", Outcome.BROKEN, "confidential = true\n", 0o644),
        case("the confidential file, closed", Outcome.HOLDS, "confidential = true\n", 0o640),
        case("a file of personal data that everyone may read", Outcome.BROKEN, 'identifiers = ["tenure"]\n', 0o604),
        case("a confidential file that everyone may write", Outcome.BROKEN, "confidential = true\n", 0o602),
        _model("a confidential model that everyone may read", Outcome.BROKEN, 0o644),
        _model("the confidential model, closed", Outcome.HOLDS, 0o600),
    )


def _model(name: str, outcome: Outcome, mode: int) -> Vector:
    toml = f'{_SYSTEM}[[model]]\nname = "churn"\npath = "churn.onnx"\nconfidential = true\n'
    files = {"redan.toml": toml.encode(), "churn.onnx": b"weights"}
    modes = {"churn.onnx": mode}
    return Vector(name=name, files=files, check=_MODES, expect=outcome, subject="model:churn", note=_OPEN, modes=modes)


def _locks() -> tuple[Vector, ...]:
    def data(name: str, outcome: Outcome, file: str, content: bytes, *, at: str | None = None) -> Vector:
        declared = f'[[dataset]]\nname = "train"\nrole = "train"\npath = "{file}"\nconfidential = true\n'
        if at is not None:
            declared += f'site = "lake"\n\n[[site]]\nname = "lake"\n{at}\n'
        files = {"redan.toml": f"{_SYSTEM}{declared}".encode(), file: content}
        return Vector(
            name=name,
            files=files,
            check=_LOCKED,
            expect=outcome,
            subject="dataset:train",
            note=_CLEAR,
            modes={file: 0o600},
        )

    def model(name: str, outcome: Outcome, file: str, content: bytes) -> Vector:
        toml = f'{_SYSTEM}[[model]]\nname = "churn"\npath = "{file}"\nconfidential = true\n'
        files = {"redan.toml": toml.encode(), file: content}
        return Vector(name=name, files=files, check=_LOCKED, expect=outcome, subject="model:churn", note=_CLEAR)

    plain = _parquet()
    locked, text = _locked(plain, armored=False), _locked(plain, armored=True)
    start = locked[: locked.index(b"\n---") + 1] + b"--- " + b"A" * 43 + b"\n"
    return (
        data("a confidential table in the clear", Outcome.BROKEN, "train.parquet", plain),
        data("the confidential table, locked", Outcome.HOLDS, "train.parquet.age", locked),
        data("the confidential table, locked and armored", Outcome.HOLDS, "train.parquet.age", text),
        data(
            "the confidential table, locked with a passphrase", Outcome.HOLDS, "train.age", _locked_by_passphrase(plain)
        ),
        data("clear rows under the name of a locked file", Outcome.BROKEN, "train.csv.age", _ROWS),
        data(
            "clear rows behind the first line of an age file",
            Outcome.BROKEN,
            "t.csv.age",
            b"age-encryption.org/v1\n" + _ROWS,
        ),
        data("a clear table behind a whole header", Outcome.BROKEN, "train.age", start + _ROWS * 1000),
        data("a locked table that was cut short", Outcome.BROKEN, "train.age", locked[: len(start) + 20]),
        data("clear rows in an armor", Outcome.BROKEN, "train.age", b"-----BEGIN AGE ENCRYPTED FILE-----\n" + _ROWS),
        data(
            "clear at a site with encrypted storage",
            Outcome.HOLDS,
            "t.parquet",
            plain,
            at="encrypted = true",
        ),
        data(
            "clear at a site without",
            Outcome.BROKEN,
            "t.parquet",
            plain,
            at="encrypted = false",
        ),
        data("clear at a site of which nothing is said", Outcome.BROKEN, "t.parquet", plain, at=""),
        model("a confidential model in the clear", Outcome.BROKEN, "churn.onnx", plain),
        model("the confidential model, locked", Outcome.HOLDS, "churn.onnx.age", locked),
    )


def _parquet() -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"tenure": list(range(5000)), "churn": [i % 3 == 0 for i in range(5000)]}), out)
    return out.getvalue()


def _locked(data: bytes, *, armored: bool) -> bytes:
    import pyrage

    recipient = pyrage.x25519.Identity.generate().to_public()
    return bytes(pyrage.encrypt(data, [recipient], armored=armored))


def _locked_by_passphrase(data: bytes) -> bytes:
    import io

    from redan.seal.age import encrypt_by_passphrase

    out = io.BytesIO()
    encrypt_by_passphrase(io.BytesIO(data), out, b"four words are enough", work=4)
    return out.getvalue()


def _script(*lines: str) -> bytes:
    body = ["import os", "import pandas as pd", "", *lines, "", 'frame = pd.read_csv("train.csv")', ""]
    return "\n".join(body).encode()


def _drawn(count: int, alphabet: str, seed: int) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))  # noqa: S311  # planted, never valid


def _leaks() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, script: bytes, note: str = _LEAK, file: str = "train.py") -> Vector:
        toml = f'{_SYSTEM}[[model]]\nname = "churn"\ncode = ["{file}"]\n'
        files = {"redan.toml": toml.encode(), file: script}
        return Vector(name=name, files=files, check=_SECRETS, expect=outcome, subject="model:churn", note=note)

    upper, mixed, hexits = string.ascii_uppercase + "234567", string.ascii_letters + string.digits, "0123456789abcdef"
    key_id = "AK" + "IA" + _drawn(16, upper, 1)
    secret = _drawn(40, mixed + "+/", 2)
    word = _drawn(4, mixed, 3) + "7!" + _drawn(6, mixed, 4)
    hashes = (
        f'EXPECTED_SHA256 = "{_drawn(64, hexits, 6)}"',
        'RUN_ID = "6f1c2a30-9d0b-4e36-8a71-2f9b7c1d5e44"',
        f'COMMIT = "{_drawn(40, hexits, 7)}"',
        'tokenizer = load("bert-base-uncased"); pad_token = "[PAD]"; sort_key = "tenure"',
    )
    repaired = _script('key = os.environ["AWS_ACCESS_KEY_ID"]', 'secret = os.environ["AWS_SECRET_ACCESS_KEY"]')
    return (
        case("a cloud key in train.py", Outcome.BROKEN, _script(f'AWS_KEY = "{key_id}"', f'aws_secret = "{secret}"')),
        case("the cloud key read from the environment", Outcome.HOLDS, repaired),
        case("a password in a data URL", Outcome.BROKEN, _script(f'DB = "postgresql://ml:{word}@db.example:5432/crm"')),
        case("an access token", Outcome.BROKEN, _script('TOKEN = "' + "gh" + f'p_{_drawn(36, mixed, 5)}"')),
        case("a password in configuration", Outcome.BROKEN, f"db:\n  password: {word}\n".encode(), file="config.yaml"),
        case("hashes, run ids and tokenizers", Outcome.HOLDS, _script(*hashes), _NOISE),
        case("an empty script", Outcome.HOLDS, b""),
        case("a script that is no text", Outcome.NOT_RUN, b"\x00\x01\x02" * 50, "What was not read is not clean."),
    )
