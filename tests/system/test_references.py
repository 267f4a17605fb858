"""Names that resolve, no duplicates, no cycles, paths that stay inside."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.system.read import parse
from system.whole import WHOLE

HEAD = '[system]\nname = "x"\n'


def refusal(text, root):
    """The line that a description is refused with."""
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), file="redan.toml", root=root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('sources = ["crm"]', 'sources = ["cmr"]', "dataset[0].sources[0]: there is no [[source]] named 'cmr', did you mean 'crm'?"),
        ('trained_on = ["train"]', 'trained_on = ["trian"]', "model[0].trained_on[0]: there is no [[dataset]] named 'trian', did you mean 'train'?"),
        ('validated_on = ["test"]', 'validated_on = ["x"]', "model[0].validated_on[0]: there is no [[dataset]] named 'x'"),
        ('base = "public"', 'base = "pulbic"', "model[0].base: there is no [[model]] named 'pulbic', did you mean 'public'?"),
        ('previous = "old"', 'previous = "odl"', "model[0].previous: there is no [[model]] named 'odl'"),
        ('baseline = "linear"', 'baseline = "zzz"', "model[0].baseline: there is no [[model]] named 'zzz'"),
        ('baseline = "linear"', 'baseline = "churn"', "model[0].baseline: a model cannot be its own baseline"),
        ('reduces = "linear"', 'reduces = "churn"', "model[0].name: 'churn' is made from itself: churn -> churn"),
        ('reduces = "linear"', 'reduces = "lin"', "model[0].reduces: there is no [[model]] named 'lin'"),
        ('shadows = "work/shadows.npz"', 'shadows = "../s.npz"', "model[0].shadows: path '../s.npz' leaves the project folder"),
        ('ensemble_of = ["linear", "public"]', 'ensemble_of = ["linear", "p"]', "model[0].ensemble_of[1]: there is no [[model]] named 'p'"),
        ('inputs = ["monthly charges", "tenure"]', 'inputs = ["monthly charge"]', "model[0].inputs[0]: there is no [[feature]] named 'monthly charge', did you mean 'monthly charges'?"),
        ('preprocessors = ["scale"]', 'preprocessors = ["s"]', "model[0].preprocessors[0]: there is no [[preprocessor]] named 's'"),
        ('model = "churn"', 'model = "x"', "endpoint[0].model: there is no [[model]] named 'x'"),
        ('endpoint = "api"', 'endpoint = "x"', "feedback[0].endpoint: there is no [[endpoint]] named 'x'"),
        ('into = "train"', 'into = "x"', "feedback[0].into: there is no [[dataset]] named 'x'"),
        ('boundary = "company"', 'boundary = "x"', "flow[0].boundary: there is no [[boundary]] named 'x'"),
        ('to = "dataset:train"', 'to = "dataset:trian"', "flow[0].to: there is no element 'dataset:trian', did you mean 'dataset:train'?"),
        ('from = "source:crm"\nto', 'from = "system"\nto', "flow[0].from: there is no element 'system'"),
        ('from = "train"', 'from = "trani"', "feature[0].from: there is no dataset or source 'trani', did you mean 'train'?"),
        ('element = "dataset:train"', 'element = "dataset:t"', "exclusion[0].element: there is no element 'dataset:t'"),
        ('"boundary:lab"', '"boundary:lap"', "boundary[0].contains[2]: there is no element 'boundary:lap', did you mean 'boundary:lab'?"),
        ('attested_by = "ada"', 'attested_by = "eve"', "controls.A-MLSG-001-C003.attested_by: there is no [[person]] named 'eve'"),
        ('[[site]]\nname = "cloud"', '[[site]]\nname = "clud"', "source[0].site: there is no [[site]] named 'cloud', did you mean 'clud'? (and 3 more)"),
        ('path = "data/train.csv"', 'path = "../train.csv"', "dataset[0].path: path '../train.csv' leaves the project folder"),
        ('path = "data/train.csv"', 'path = "/etc/passwd"', "dataset[0].path: path '/etc/passwd' leaves the project folder"),
        ('path = "data/train.csv"', 'path = "a\\u0000b"', "dataset[0].path: holds the control character U+0000"),
        ('path = "model.onnx"', 'path = "a/../../b"', "model[0].path: path 'a/../../b' leaves the project folder"),
        ('code = ["train.py"]', 'code = ["a.py", ".."]', "model[0].code[1]: path '..' leaves the project folder"),
        ('key = "keys/crm.pem"', 'key = "/k"', "source[0].key: path '/k' leaves the project folder"),
        ('waivers = "waivers.toml"', 'waivers = "../w"', "policy.waivers: path '../w' leaves the project folder"),
        ('baseline = "baseline.json"', 'baseline = "/b"', "policy.baseline: path '/b' leaves the project folder"),
        ('name = "old"', 'name = "churn"', "model[0].previous: there is no [[model]] named 'old' (and 1 more)"),
        ('retention = "18 months"', "retention = 2025-01-30", "dataset[0].retention: ends before the day of collection"),
    ],
)  # fmt: skip
def test_each_reference_is_followed(old, new, says, tmp_path):
    """One broken reference in a whole description is found, named and placed."""
    assert old in WHOLE
    text = WHOLE.replace(old, new)
    said = refusal(text, tmp_path)
    line, _, rest = said.removeprefix("redan.toml:").partition(": ")
    assert rest.startswith(says)
    key = says.split(":")[0].split(".")[-1].split("[")[0]
    assert key in text.split("\n")[int(line) - 1]


@pytest.mark.parametrize("table", ["person", "site", "boundary", "source", "dataset", "feature", "preprocessor", "model", "endpoint", "feedback"])  # fmt: skip
def test_two_elements_of_a_kind_cannot_share_a_name(table, tmp_path):
    """Each kind has its own names; the second use is refused at its line."""
    start = WHOLE.index(f"[[{table}]]")
    block = WHOLE[start : WHOLE.index("\n\n", start)]
    text = WHOLE + block + "\n"
    said = refusal(text, tmp_path)
    assert "is already that of " + table in said
    assert int(said.split(":")[1]) > WHOLE.count("\n")


def test_the_same_name_in_two_kinds_is_fine(tmp_path):
    """Ids carry their kind, so a model and a dataset may both be called churn."""
    text = HEAD + '[[model]]\nname = "churn"\n[[dataset]]\nname = "churn"\nrole = "train"\n'
    assert set(parse(text.encode(), file="f", root=tmp_path).elements) == {"model:churn", "dataset:churn"}


@pytest.mark.parametrize(
    ("models", "ring"),
    [
        ({"a": 'base = "a"'}, "a -> a"),
        ({"a": 'previous = "b"', "b": 'base = "a"'}, "a -> b -> a"),
        ({"a": "", "b": 'base = "c"', "c": 'ensemble_of = ["a", "d"]', "d": 'previous = "b"'}, "b -> c -> d -> b"),
        ({f"m{i}": f'previous = "m{(i + 1) % 40}"' for i in range(40)}, "m0 -> m1 -> m2 -> m3 -> ... -> m38 -> m39 -> m0"),
    ],
)  # fmt: skip
def test_lineage_that_bites_its_tail_is_named(models, ring, tmp_path):
    """A model made from itself is refused with the whole ring."""
    text = HEAD + "".join(f'[[model]]\nname = "{name}"\n{line}\n' for name, line in models.items())
    assert refusal(text, tmp_path).endswith(f"is made from itself: {ring}")


def test_a_boundary_cannot_contain_itself(tmp_path):
    """Not directly, and not through another one."""
    text = (
        HEAD
        + '[[boundary]]\nname = "a"\ncontains = ["boundary:b"]\n[[boundary]]\nname = "b"\ncontains = ["boundary:a"]\n'
    )
    assert refusal(text, tmp_path) == "redan.toml:4: boundary[0].name: 'a' contains itself: a -> b -> a"


def test_a_long_line_of_models_is_no_cycle(tmp_path):
    """Ten thousand generations are walked without recursion."""
    rows = [f'[[model]]\nname = "m{i}"\nprevious = "m{i + 1}"\n' for i in range(10_000)]
    text = HEAD + "".join(rows) + '[[model]]\nname = "m10000"\n'
    assert len(parse(text.encode(), file="f", root=tmp_path).models) == 10_001


def reaches_itself(edges):
    """Naive twin: whether a walk from some name comes back to it."""
    for start in edges:
        seen, queue = set(), list(edges[start])
        while queue:
            name = queue.pop()
            if name == start:
                return True
            if name not in seen:
                seen.add(name)
                queue += edges[name]
    return False


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_cycles_are_found_as_the_naive_twin_finds_them(tmp_path_factory, data):
    """Random lineages are refused exactly when some model reaches itself."""
    names = [f"m{i}" for i in range(data.draw(st.integers(1, 6)))]
    edges = {name: data.draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) for name in names}
    text = HEAD + "".join(f'[[model]]\nname = "{name}"\nensemble_of = {to}\n' for name, to in edges.items())
    root = tmp_path_factory.getbasetemp()
    try:
        parse(text.encode(), file="f", root=root)
        refused = ""
    except ConfigError as error:
        refused = str(error)
    assert bool(refused) == reaches_itself(edges)
    if refused:
        ring = refused.rpartition(": ")[2].split(" -> ")
        assert ring[0] == ring[-1]
        assert all(b in edges[a] for a, b in itertools.pairwise(ring))


def test_a_path_through_a_link_that_leaves_is_refused(tmp_path):
    """A folder that is a link to elsewhere does not widen the project."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "data").symlink_to(tmp_path)
    text = HEAD + '[[dataset]]\nname = "a"\nrole = "train"\npath = "data/x.csv"\n'
    assert "through a link" in refusal(text, inside)
