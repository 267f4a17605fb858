"""The catalogue is complete, agrees with its folders and its checks, and refuses a control that is not one."""

import importlib
import importlib.util
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from redan.controls.catalogue import FAMILIES, checks, load, parse
from redan.errors import ConfigError
from redan.terms import Kind

ROOT = Path(__file__).resolve().parents[2]
CONTROLS = ROOT / "src" / "redan" / "controls"
SHARED = ROOT.parent / "shared" / "controls.md"
CATALOGUE = load()
FAMILY, FOLDER = "a_mlsg_002", "d002_validation_data_comes_from_other_sources"
GOOD = (CONTROLS / FAMILY / FOLDER / "control.toml").read_text(encoding="utf-8")


def test_catalogue_has_every_control_of_the_guideline_and_the_primer():
    """26 recommended practices and 29 rows of the primer are there, the guideline first."""
    ids = list(CATALOGUE)
    assert [id_.startswith("A-MLSG-") for id_ in ids] == [True] * 26 + [False] * 29
    numbers = {"POI": 5, "EVA": 2, "ORA": 3, "REP": 1, "INF": 3, "TRA": 7, "FBK": 1, "DOS": 1, "PIT": 6}
    assert ids[26:] == [f"AIPS-{group}-{n:02}" for group, count in numbers.items() for n in range(1, count + 1)]


def test_catalogue_says_what_the_shared_catalogue_lists():
    """Ids and TRA references of the guideline's controls equal those of the catalogue the project was given."""
    if not SHARED.exists():
        pytest.skip("needs ../shared/controls.md")
    text = SHARED.read_text(encoding="utf-8")
    given_tra = {}
    for section in re.finditer(r"^## A-MLSG-(\d{3})(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL):
        for paragraph in section[2].split("\n\n"):
            for letter, tra in re.findall(
                r"\*\*([DNC]\d{3}) [a-z']+:.*?\*\*(?: \[([^\]]*)\])?", " ".join(paragraph.split())
            ):
                given_tra[f"A-MLSG-{section[1]}-{letter}"] = tra.replace("SW-25..27", "SW-25 SW-26 SW-27").split()
    assert len(given_tra) == 26
    assert {id_: list(control.tra) for id_, control in CATALOGUE.items() if id_ in given_tra} == given_tra


def test_shelf_and_folders_agree():
    """Every folder with a control.toml is on its family's shelf, and nothing else is."""
    on_disk = {(p.parent.parent.name, p.parent.name) for p in CONTROLS.rglob("control.toml")}
    on_shelf = [
        (family, folder) for family in FAMILIES for folder in importlib.import_module(f"redan.controls.{family}").SHELF
    ]
    assert set(on_shelf) == on_disk
    assert len(on_shelf) == len(on_disk)


@pytest.mark.parametrize("control", CATALOGUE.values(), ids=lambda control: control.id)
def test_questions_and_checks_agree(control):
    """The live questions of control.toml are the checks of check.py, with the same ids, order and cost."""
    assert [(check.id, check.tier) for check in checks(control)] == [(q.id, q.tier) for q in control.live]


@pytest.mark.parametrize("control", CATALOGUE.values(), ids=lambda control: control.id)
def test_a_check_is_never_without_vectors(control):
    """Where there is a check there are vectors beside it."""
    assert (find_spec(f"{control.package}.check") is None) == (find_spec(f"{control.package}.vectors") is None)


def test_kinds_follow_the_guideline():
    """D, N and C in an id mean do, dont and consider; what the primer asks is a do."""
    letters = {"D": Kind.DO, "N": Kind.DONT, "C": Kind.CONSIDER}
    for id_, control in CATALOGUE.items():
        assert control.kind == (letters[id_[11]] if id_.startswith("A-MLSG") else Kind.DO)


def test_wording_is_not_repeated():
    """No two controls share a title, question, motivation or remedy, and no two checks a question."""
    for field in ("title", "question", "asks", "motivation"):
        values = [getattr(control, field) for control in CATALOGUE.values()]
        assert len(set(values)) == len(values)
    asked = [question.question for control in CATALOGUE.values() for question in control.checks]
    assert len(set(asked)) == len(asked)


def test_remedies_only_name_verbs_that_exist():
    """A command that a remedy offers starts with a verb of the command line."""
    from redan.cli.app import GROUPS, VERBS

    commands = [control.remedy.command for control in CATALOGUE.values() if control.remedy.command]
    assert commands
    assert {command.split()[1] for command in commands} <= {*VERBS, *GROUPS}


def test_a_control_is_frozen():
    """Nobody changes a control after it was read."""
    control = next(iter(CATALOGUE.values()))
    with pytest.raises(ValidationError):
        control.title = "Something else is true"
    with pytest.raises(TypeError):
        CATALOGUE["X"] = control


BROKEN = {
    "not TOML": (GOOD + "\n[remedy", "is not a control"),
    "unknown key": (GOOD.replace("since =", "sinse ="), "since"),
    "unknown kind": (GOOD.replace('kind = "do"', 'kind = "must"'), "kind"),
    "kind against id": (GOOD.replace('kind = "do"', 'kind = "dont"'), "is not a dont"),
    "unknown stage": (GOOD.replace('stages = ["data", "training"]', 'stages = ["night"]'), "stages"),
    "no stage": (GOOD.replace('stages = ["data", "training"]', "stages = []"), "stages"),
    "unknown threat": (GOOD.replace('["poisoning"]', '["weather"]'), "threats"),
    "threat twice": (GOOD.replace('["poisoning"]', '["poisoning", "poisoning"]'), "listed twice"),
    "title with a full stop": (GOOD.replace('sources than training data"', 'sources than training data."'), "title"),
    "question without a mark": (GOOD.replace('learned from?"', 'learned from"'), "question"),
    "id of another folder": (GOOD.replace("A-MLSG-002-D002", "A-MLSG-002-D003"), "not named after"),
    "id of no family": (GOOD.replace("A-MLSG-002-D002", "A-MLSG-009-D002"), "id"),
    "planned as text": (GOOD.replace("planned = false", 'planned = "no"', 1), "planned"),
    "check twice": (GOOD.replace("no-near-duplicates", "rows-are-not-shared"), "listed twice"),
    "check with a space": (GOOD.replace("no-near-duplicates", "no near duplicates"), "checks"),
    "mapping without edition": (GOOD.replace("AML.T0020@5.6.0", "AML.T0020"), "crosswalk"),
    "mapping of unknown status": (GOOD.replace('status = "ours"', 'status = "mine"', 1), "crosswalk"),
    "remedy without effort": (GOOD.replace('effort = "medium"', ""), "remedy"),
    "command of another program": (GOOD.replace("[remedy]", '[remedy]\ncommand = "rm -r ."'), "remedy"),
    "TRA reference of no catalogue": (GOOD.replace("tra = []", 'tra = ["XX-1"]'), "tra"),
    "checks as text": (
        GOOD[: GOOD.index("[[checks]]")].replace('id = "A-M', 'checks = "none"\nid = "A-M'),
        "is not a control",
    ),
    "no checks": (GOOD[: GOOD.index("[[checks]]")], "checks"),
    "deeply nested": ("x = " + "[" * 100_000, "is not a control"),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_control_that_says_nonsense_is_refused(case):
    """A control.toml with a wrong, missing or doubled value raises one clear error that names the place."""
    text, named = BROKEN[case]
    assert text != GOOD
    with pytest.raises(ConfigError) as caught:
        parse(text, FAMILY, FOLDER)
    assert named in str(caught.value)
    assert f"{FAMILY}/{FOLDER}/control.toml" in str(caught.value)


@pytest.mark.parametrize("key", re.findall(r"^(\w+) = ", GOOD.split("[remedy]")[0], re.MULTILINE))
def test_every_field_is_needed(key):
    """Leaving out any field of a control is an error."""
    head, rest = GOOD.split("[remedy]")
    without = re.sub(rf"^{key} = .*\n", "", head, flags=re.MULTILINE)
    with pytest.raises(ConfigError):
        parse(without + "[remedy]" + rest, FAMILY, FOLDER)


@given(st.data())
def test_a_mangled_control_never_escapes_as_another_error(data):
    """Whatever is cut out of or put into a control.toml, it parses or raises ConfigError."""
    start = data.draw(st.integers(0, len(GOOD)))
    stop = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    put = data.draw(st.text(max_size=20) | st.sampled_from(["[[checks]]", "id = 3\n", "= {}", "[remedy]\n", '"""']))
    try:
        control = parse(GOOD[:start] + put + GOOD[stop:], FAMILY, FOLDER)
    except ConfigError:
        return
    assert control.id == "A-MLSG-002-D002"


@given(
    st.binary(max_size=300)
    | st.builds(lambda a, b: GOOD.encode()[:a] + b, st.integers(0, 3000), st.binary(max_size=40))
)
def test_fuzz_target_finds_nothing(data):
    """The fuzz target, run on random and on cut-off bytes."""
    spec = importlib.util.spec_from_file_location("fuzz_control_toml", ROOT / "fuzz" / "fuzz_control_toml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TestOneInput(data)
