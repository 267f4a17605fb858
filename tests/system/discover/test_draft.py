"""A draft is a description that the reader accepts as it is, whatever was found."""

import re
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from redan.system.discover.draft import draft
from redan.system.discover.found import ColumnFacts, Found, ModelFile, Pin, Port, Script, Serving, TableFile, TrackedRun
from redan.system.read import parse

NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
# What a walk can yield: relative, no empty or dotted parts, no NUL.
PARTS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=9).filter(
    lambda p: p not in {".", ".."}
)
WORDS = st.sampled_from(["train", "test", "model", "data", "train.csv", "m.onnx", "label"])
PATHS = st.lists(st.one_of(WORDS, PARTS), min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from(["empty", "bool", "int", "float", "date", "text"])
COLUMNS = st.builds(
    lambda name, kind, n, d: ColumnFacts(name=name, kind=kind, sampled=n, distinct=min(n, d)),
    st.one_of(NAMES, st.sampled_from(["label", "id", "user_id", "date", "gender"])), KINDS, st.integers(0, 99), st.integers(0, 99),
)  # fmt: skip
PORTS = st.lists(
    st.builds(Port, name=NAMES, dtype=st.sampled_from(["", "float32"]), shape=st.just((None, 3))), max_size=3
).map(tuple)
FOUND = st.builds(
    Found,
    name=NAMES,
    tables=st.lists(
        st.builds(TableFile, path=PATHS, format=st.just("CSV"), columns=st.lists(COLUMNS, max_size=4).map(tuple)),
        max_size=4,
    ).map(tuple),
    models=st.lists(
        st.builds(ModelFile, path=PATHS, format=NAMES, inputs=PORTS, outputs=PORTS, runs_code=st.booleans()), max_size=3
    ).map(tuple),
    scripts=st.lists(
        st.builds(
            Script,
            path=PATHS,
            imports=st.frozensets(st.sampled_from(["sklearn", "pandas", "cv2"])),
            trains=st.sampled_from(["", "calls fit()"]),
            serves=NAMES,
        ),
        max_size=3,
    ).map(tuple),
    serving=st.lists(st.builds(Serving, path=PATHS, kind=NAMES, public=st.booleans()), max_size=2).map(tuple),
    pins=st.dictionaries(
        st.sampled_from(["scikit-learn", "pandas"]), st.builds(Pin, package=NAMES, version=NAMES, path=PATHS)
    ),
    runs=st.lists(st.builds(TrackedRun, path=PATHS, source=NAMES), max_size=2).map(tuple),
    notes=st.lists(NAMES, max_size=2).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(FOUND)
def test_any_find_gives_a_description_that_reads(tmp_path_factory, found):
    """Odd names, clashing names, control characters, quotes, empty finds: the draft is valid as written."""
    parse(draft(found).encode(), file="redan.toml", root=tmp_path_factory.getbasetemp())


@settings(max_examples=40, deadline=None)
@given(FOUND)
def test_every_value_has_its_reason(found):
    """Each key that is written carries `guessed` or `found`, and each question says whom to ask; only the seed is ours."""
    for line in draft(found).split("\n"):
        if line and not line.startswith(("#", "[", "seed = 0")):
            assert re.search(r"  # (guessed: |found)", line)
        if line.startswith("# ") and " = " in line and not line.startswith("# path = "):
            assert "  # ask: " in line or not re.match(r"# [a-z_]+ = ", line)


def test_every_question_can_be_answered_in_place():
    """With all `ask` lines and stubs uncommented and filled in, the description is still valid."""
    table = TableFile(
        path="train.csv", format="CSV", columns=(ColumnFacts(name="a", kind="int", sampled=9, distinct=2),)
    )
    text = draft(Found(name="x", tables=(table,), models=(ModelFile(path="m.onnx", format="ONNX"),)))
    answers = {'role = ""': 'role = "operator"', 'model = ""': 'model = "m"', 'exposure = ""': 'exposure = "internal"',
               'label = ""': 'label = "a"', 'decision = ""': 'decision = "adopted"', '"source:NAME"': '"source:answer"',
               '"dataset:NAME"': '"dataset:train"'}  # fmt: skip
    filled = []
    for line in text.split("\n"):
        asked = line.startswith("# ") and ("  # ask: " in line or line.startswith("# ["))
        bare = line.removeprefix("# ") if asked else line
        for question, answer in answers.items() if asked else ():
            bare = bare.replace(question, answer, 1)
        if not bare.startswith("base = "):  # a model made from itself would be refused
            filled.append(bare.replace('= ""', '= "answer"'))
    values = tomllib.loads("\n".join(filled))
    assert {"person", "source", "endpoint", "boundary", "flow", "controls"} <= set(values)
    system = parse("\n".join(filled).encode(), file="f", root=Path("/nonexistent"))
    assert system.flows[0].to == "dataset:train"


def test_nothing_found_is_a_skeleton():
    """An empty folder gives the name, the stage, the policy, and questions."""
    values = tomllib.loads(draft(Found(name="")))
    assert values == {"system": {"name": "product", "stage": "design"}, "policy": {"seed": 0}}
