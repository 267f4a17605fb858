"""Ways of input to a model, read from any description: none is missed, none is invented, and none takes for ever."""

import pytest

from redan.controls.entrances import LONGEST, MOST_WAYS, Link, serving, uncontrolled, ways
from redan.system.read import read as read_system

HEAD = '[system]\nname = "s"\n[[model]]\nname = "m"\n'


def flow(source, to, more=""):
    """A flow as the description has it."""
    return f'[[flow]]\nfrom = "{source}"\nto = "{to}"\n{more}\n'


def source(name, kind="internal"):
    """A source as the description has it."""
    return f'[[source]]\nname = "{name}"\nkind = "{kind}"\n'


@pytest.fixture
def described(tmp_path):
    """Reads a description."""

    def read(text):
        path = tmp_path / "redan.toml"
        path.write_text(HEAD + text, encoding="utf-8")
        return read_system(path)

    return read


def stops(system, name="m"):
    """Stops of each way."""
    return [way.stops for way in ways(system, system.elements[f"model:{name}"])]


def test_ways_lead_from_each_source_over_each_stop(described):
    """Two sources, one behind the other's endpoint and one beside it, are two ways with a link for each step."""
    text = (
        source("a", "crowd")
        + source("b")
        + '[[endpoint]]\nname = "e"\nmodel = "m"\n[[boundary]]\nname = "edge"\ncontains = ["endpoint:e"]\n'
        + flow("source:a", "endpoint:e", 'protection = "tls"')
        + flow("source:b", "model:m")
    )
    system = described(text)
    found = {way.stops: way.links for way in ways(system, system.elements["model:m"])}
    assert found == {
        ("source:a", "endpoint:e", "model:m"): (Link("tls", "edge"), Link()),
        ("source:b", "model:m"): (Link("none", None),),
    }
    assert uncontrolled(system, system.elements["model:m"]) == ("source:a",)


def test_training_data_is_no_input(described):
    """What a model learned from flows to it, and is no way of an input; live data is one, with its sources."""
    train = source("a") + '[[dataset]]\nname = "d"\nrole = "{}"\nsources = ["a"]\n' + flow("dataset:d", "model:m")
    assert stops(described(train.replace("{}", "train"))) == []
    assert stops(described(train.replace("{}", "current"))) == [("source:a", "dataset:d", "model:m")]


def test_features_lead_to_their_source_and_to_nothing_else(described):
    """A feature of a source is a way; one of a training set is none."""
    text = source("a") + '[[dataset]]\nname = "d"\nrole = "train"\n[[feature]]\nname = "f"\nfrom = "source:a"\n'
    text += '[[feature]]\nname = "g"\nfrom = "d"\n'
    inputs = described(text).origin.root / "redan.toml"
    inputs.write_text((HEAD + 'inputs = ["f", "g"]\n' + text), encoding="utf-8")
    assert stops(read_system(inputs)) == [("source:a", "feature:f", "model:m")]


def test_cycles_long_chains_and_many_ways_end(described):
    """A ring of flows, a chain of hundreds and a thousand ways come to an answer."""
    ring = '[[site]]\nname = "a"\n[[site]]\nname = "b"\n' + flow("site:a", "site:b") + flow("site:b", "site:a")
    assert stops(described(ring + flow("site:b", "model:m"))) == [("site:a", "site:b", "model:m")]
    chain = "".join(f'[[site]]\nname = "s{i}"\n' for i in range(300))
    chain += "".join(flow(f"site:s{i}", f"site:s{i + 1}") for i in range(299)) + flow("site:s299", "model:m")
    assert [len(way) for way in stops(described(chain))] == [LONGEST]
    wide = "".join(f'[[site]]\nname = "a{i}"\n[[site]]\nname = "b{i}"\n' for i in range(10))
    wide += "".join(flow(f"site:a{i}", f"site:b{j}") for i in range(10) for j in range(10))
    assert len(stops(described(wide + "".join(flow(f"site:b{j}", "model:m") for j in range(10))))) == MOST_WAYS


def test_models_behind_others_are_asked_only_where_they_answer(described):
    """A base answers nobody, unless it has an endpoint of its own."""
    text = '[[model]]\nname = "p"\nbase = "m"\n'
    assert [m.name for m in serving(described(text))] == ["p"]
    open_too = text + '[[endpoint]]\nname = "e"\nmodel = "m"\nexposure = "public"\n'
    system = described(open_too)
    assert [m.name for m in serving(system)] == ["m", "p"]
    assert uncontrolled(system, system.elements["model:m"]) == ("clients:e",)
