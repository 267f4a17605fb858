"""`read`: what it accepts, and the one clear line for everything else."""

import importlib.util
import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.files import TEXT_LIMIT_BYTES
from redan.system.read import parse, read
from system.whole import WHOLE

HEAD = '[system]\nname = "x"\n'
TRAIN = HEAD + '[[dataset]]\nname = "train"\nrole = "train"\n'


def _target():
    path = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_toml_reader.py"
    spec = importlib.util.spec_from_file_location("fuzz_toml_reader", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


one_input = _target()


def refusal(text, root):
    """The line that a description is refused with."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigError) as caught:
        parse(data, file="redan.toml", root=root)
    return str(caught.value)


def test_every_table_and_key_is_read(tmp_path):
    """A description with all keys is a System whose elements keep their order and lines."""
    (tmp_path / "redan.toml").write_text(WHOLE)
    system = read(tmp_path)
    assert system.about.name == "churn"
    assert list(system.elements)[:3] == ["person:ada", "site:cloud", "boundary:company"]
    assert system.tables.flow[0].from_ == "source:crm"
    assert system.tables.feature[0].range == (0.0, 120.5)
    rows = WHOLE.split("\n")
    assert rows[system.line("dataset:test", "retention") - 1] == "retention = 2027-06-30"
    assert rows[system.line("controls:A-MLSG-001-C003", "owner") - 1] == 'owner = "Ada"'
    assert rows[system.line("model:linear") - 1] == "[[model]]"
    assert rows[system.line("model:linear", "path") - 1] == "[[model]]"
    assert rows[system.line("flow:0", "boundary") - 1] == 'boundary = "company"'
    assert rows[system.line("policy", "seed") - 1] == "seed = 7"


def test_folder_file_and_text_are_the_same(tmp_path, monkeypatch):
    """A folder, its file, and their names as text give the same system, and the file's name as it was given."""
    (tmp_path / "redan.toml").write_text(HEAD)
    monkeypatch.chdir(tmp_path)
    systems = [read(tmp_path), read(tmp_path / "redan.toml"), read("."), read("redan.toml")]
    assert len({system.digest for system in systems}) == 1
    assert {system.origin.root for system in systems} == {tmp_path.resolve()}
    assert [system.origin.file for system in systems[2:]] == ["redan.toml", "redan.toml"]


def test_the_digest_ignores_layout_and_notices_values(tmp_path):
    """Comments, order of keys and line ends change nothing; any value does."""
    one = parse((TRAIN + 'path = "a.csv"\n').encode(), file="f", root=tmp_path)
    other = HEAD + '# c\n[[dataset]]\npath = "a.csv"\nrole = "train"\nname = "train"\n'
    same = parse(other.replace("\n", "\r\n").encode("utf-8-sig"), file="g", root=tmp_path)
    changed = parse((TRAIN + 'path = "b.csv"\n').encode(), file="f", root=tmp_path)
    assert one.digest == same.digest != changed.digest
    assert same.line("dataset:train", "path") == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "redan.toml:1: is empty"),
        (" \n# c\n", "redan.toml:1: system: this table is missing"),
        (TRAIN + 'pth = "x"', "redan.toml:6: dataset[0].pth: unknown key 'pth', did you mean 'path'?"),
        (HEAD + '[[datasets]]\nname = "x"', "redan.toml:3: datasets: unknown table or key 'datasets', did you mean 'dataset'?"),
        (HEAD + '[dataset]\nname = "x"', "redan.toml:3: dataset: must be written as [[dataset]]"),
        ('[[system]]\nname = "x"', "redan.toml:1: system: must be written as [system]"),
        (HEAD + '[[dataset]]\nrole = "train"', "redan.toml:3: dataset[0]: the key 'name' is missing"),
        (HEAD + '[[dataset]]\nname = "a"\nrole = "trian"', "redan.toml:5: dataset[0].role: must be 'train', 'validation'"),
        (HEAD + 'stage = "desing"', "redan.toml:3: system.stage: must be 'design', 'data', 'training' or 'operation', did you mean 'design'?"),
        (HEAD + "owner = true", "redan.toml:3: system.owner: must be text in quotes"),
        (HEAD + "owner = 3", "redan.toml:3: system.owner: must be text in quotes"),
        (HEAD + 'owner = ""', "redan.toml:3: system.owner: must not be empty"),
        (HEAD + f'owner = "{"x" * 5000}"', "redan.toml:3: system.owner: must not be longer than 4000 characters"),
        (HEAD + 'regulated = "yes"', "redan.toml:3: system.regulated: must be true or false, without quotes"),
        (HEAD + "regulated = 1", "redan.toml:3: system.regulated: must be true or false, without quotes"),
        (TRAIN + 'sources = "crm"', "redan.toml:6: dataset[0].sources: must be an array, such as ['...']"),
        (TRAIN + "collected = 2024-01-01T00:00:00", "redan.toml:6: dataset[0].collected: must be a date such as 2026-12-31"),
        (TRAIN + "collected = 1700000000", "redan.toml:6: dataset[0].collected: must be a date such as 2026-12-31"),
        (TRAIN + 'collected = "2024-02-30"', "redan.toml:6: dataset[0].collected: there is no day 2024-02-30"),
        (TRAIN + 'retention = "forever"', "redan.toml:6: dataset[0].retention: must be a date such as 2027-06-30, or a duration"),
        (TRAIN + "retention = 18", "redan.toml:6: dataset[0].retention: must be a date such as 2027-06-30, or a duration"),
        (TRAIN + 'name = "b"', "redan.toml:6: is not valid TOML: cannot overwrite a value"),
        (HEAD + '[[site]]\nname = "a b"', "redan.toml:4: site[0].name: a name is 1 to 80 letters"),
        (HEAD + '[[feature]]\nname = "f"\nrange = [1]', "redan.toml:5: feature[0].range: must be a lowest and a highest value"),
        (HEAD + '[[feature]]\nname = "f"\nrange = [2, 1]', "redan.toml:5: feature[0].range: must have its lowest value first"),
        (HEAD + '[[feature]]\nname = "f"\nrange = [\n  1,\n  inf,\n]', "redan.toml:7: feature[0].range[1]: must be a finite number"),
        (HEAD + '[[feature]]\nname = "f"\nrange = [true, 1]', "redan.toml:5: feature[0].range[0]: must be a number"),
        (HEAD + '[[flow]]\nfrom_ = "source:a"\nto = "dataset:b"', "redan.toml:4: flow[0].from_: unknown key 'from_', did you mean 'from'?"),
        (HEAD + '[[flow]]\nfrom = "crm"\nto = "dataset:b"', "redan.toml:4: flow[0].from: is no element id"),
        (HEAD + "[controls.A-MLSG-2]\n", "redan.toml:3: controls.A-MLSG-2: is no control id"),
        (HEAD + '[controls.AIPS-PIT-01]\nresaon = "x"', "redan.toml:4: controls.AIPS-PIT-01.resaon: unknown key 'resaon', did you mean 'reason'?"),
        (HEAD + "[controls.AIPS-PIT-01]\nthreshold = nan", "redan.toml:4: controls.AIPS-PIT-01.threshold: must be a finite number"),
        (HEAD + "[controls.AIPS-PIT-01]\nthreshold = true", "redan.toml:4: controls.AIPS-PIT-01.threshold: must be a number"),
        (HEAD + "[policy]\nseed = -1", "redan.toml:4: policy.seed: must be at least 0"),
        (HEAD + "[policy]\nseed = 9007199254740992", "redan.toml:4: policy.seed: must be at most 9007199254740991"),
        (HEAD + "[policy]\nseed = 1.0", "redan.toml:4: policy.seed: must be a whole number"),
        (HEAD + '[policy]\nrequire = ["all"]', "redan.toml:4: policy.require[0]: is no control or check id"),
        (HEAD + 'controls = "x"\n', "redan.toml:3: system.controls: unknown key 'controls'"),
        ("controls = 1\n" + HEAD, "redan.toml:1: controls: must be a table"),
        ("dataset = [1]\n" + HEAD, "redan.toml:1: dataset[0]: must be a table"),
        (HEAD + "a = [", "redan.toml:3: is not valid TOML: invalid value"),
        (HEAD + 'owner = """\nx\n', "redan.toml:3: is not valid TOML: unterminated string"),
        (HEAD + "owner = 'x", "redan.toml:3: is not valid TOML"),
        (HEAD + "é = 1", "redan.toml:3: is not valid TOML: invalid statement"),
        (HEAD + "x = " + "[" * 10_000, "redan.toml:3: is not a description: arrays and tables nest deeper than 16"),
        ("[" * 10_000, "redan.toml:1: is not valid TOML"),
        (HEAD + "x = " + "9" * 5000, "redan.toml:3: is not a description: a number is longer"),
        (HEAD + "a." * 50_000 + "b = 1", "redan.toml:3: is not a description: a key has more than 16 parts"),
        (HEAD + "\0", "redan.toml:3: is not valid TOML"),
        ((HEAD + "owner = 'x").encode() + b"\xff'", "redan.toml:3: is not UTF-8"),
        ((HEAD).encode("utf-16"), "redan.toml:1: is UTF-16"),
        ((HEAD).encode("utf-32-le"), "redan.toml:1: is not valid TOML"),
        (b"\x7fELF" + bytes(range(256)), "redan.toml:2: is not UTF-8"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line(text, line, tmp_path):
    """File, line, key, fault and the nearest known word, in one line."""
    said = refusal(text, tmp_path)
    assert said.startswith(line)
    assert "\n" not in said


def test_the_first_of_several_faults_is_named_and_the_rest_counted(tmp_path):
    """Faults are told in the order of lines, whatever table they are in."""
    text = HEAD + '[[model]]\nname = "m"\nworth = "huge"\n[[dataset]]\nname = "d"\nrole = "x"\n[policy]\nseed = "1"\n'
    assert refusal(text, tmp_path).startswith("redan.toml:5: model[0].worth: must be 'low', 'medium' or 'high'")
    assert refusal(text, tmp_path).endswith("(and 2 more)")


def test_thousands_of_faults_are_one_line(tmp_path):
    """A text that is wrong in 40,000 places is refused as quickly as one fault: only the first is worded."""
    said = refusal(HEAD + "".join(f"k{i} = 1\n" for i in range(40_000)), tmp_path)
    assert said == "redan.toml:3: system.k0: unknown key 'k0' (and 39,999 more)"


def test_hostile_words_cannot_break_the_line(tmp_path):
    """Line breaks and escape codes in a key are shown escaped, and long keys are cut."""
    said = refusal(HEAD + '"a\\n\\u001b[31m' + "x" * 500 + '" = 1', tmp_path)
    assert said.isprintable()
    assert len(said) < 400


def test_values_are_not_echoed(tmp_path):
    """A secret in the wrong place does not reach the message."""
    for key in ("regulated", "stage", "acts"):
        assert "hunter2" not in refusal(HEAD + f'{key} = "hunter2"', tmp_path)
    assert "hunter2" not in refusal(TRAIN + 'retention = "hunter2"', tmp_path)


@pytest.mark.parametrize("kind", ["absent", "folder without", "fifo", "link", "huge", "sparse", "device", "nowhere"])
def test_files_that_are_no_description(kind, tmp_path):
    """Absent, pipe, link, huge and device files are refused without being read."""
    file = tmp_path / "redan.toml"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "link":
        (tmp_path / "other.toml").write_text(HEAD)
        file.symlink_to(tmp_path / "other.toml")
    elif kind == "huge":
        file.write_bytes(b"#" * (TEXT_LIMIT_BYTES + 1))
    elif kind == "sparse":
        with file.open("wb") as out:
            out.truncate(3 << 30)
    path = {"folder without": tmp_path, "device": "/dev/zero", "nowhere": tmp_path / "x" / "y"}.get(kind, file)
    with pytest.raises(ConfigError) as caught:
        read(path)
    words = {"absent": "there is no such file", "folder without": "redan init", "fifo": "not a regular file",
             "link": "symbolic link", "huge": "larger than", "sparse": "larger than", "device": "not a regular file",
             "nowhere": "there is no such file"}  # fmt: skip
    assert words[kind] in str(caught.value)


def test_a_file_without_permission(tmp_path, monkeypatch):
    """A file that may not be read is refused with the system's words."""
    (tmp_path / "redan.toml").write_text(HEAD)
    monkeypatch.setattr("redan.files.os.open", _denied)
    with pytest.raises(ConfigError, match="permission denied"):
        read(tmp_path)


def _denied(*_, **__):
    raise PermissionError(13, "Permission denied")


WORDS = re.findall(r"\S+|\s+", WHOLE)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WORDS) - 1), st.one_of(st.just(""), st.sampled_from(WORDS), st.text(max_size=5))),
        max_size=4,
    )
)
@example([])
def test_damaged_descriptions_are_read_or_refused(damage):
    """A whole description with words lost, swapped or replaced is a System or a ConfigError."""
    words = list(WORDS)
    for index, word in damage:
        words[index] = word
    one_input("".join(words).encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.binary(max_size=40).map(HEAD.encode().__add__),
    )
)
def test_any_bytes_are_read_or_refused(data):
    """No bytes at all give anything else."""
    one_input(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE)))
def test_a_description_cut_anywhere_is_read_or_refused(at):
    """Truncation at any character is one clear line, or a shorter valid description."""
    one_input(WHOLE[:at].encode())


@pytest.mark.parametrize("mark", ["\\u001b[31m", "\\u009b31m", "\\u202e", "\\u2066", "\\u0007", "\\r"])
def test_texts_that_steer_a_terminal_are_refused(tmp_path, mark):
    """A text that could restyle, hide or turn around what stands beside it in a report is refused with its line."""
    file = tmp_path / "redan.toml"
    file.write_text(f'[system]\nname = "x"\nstage = "data"\nowner = "a{mark}b"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="control character") as refused:
        read(file)
    assert str(refused.value).startswith(f"{file}:4: system.owner")
    assert str(refused.value).isprintable()
