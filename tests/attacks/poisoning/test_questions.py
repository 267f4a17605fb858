"""Searches by questions alone: squares over pictures, values of rows, entropies under superposition."""

import numpy as np
import pytest

from attacks.poisoning.taught import BLEND, PATCH, RARE, TARGET, digits, network, rows, trees
from redan.attacks.evasion.network import Network
from redan.attacks.poisoning import AllToOne, RareValues, success
from redan.attacks.poisoning.rare_values import rare_values
from redan.attacks.poisoning.risk import RAISED
from redan.attacks.poisoning.squares import Square, squares
from redan.attacks.poisoning.superposition import entropies, superposed
from redan.attacks.poisoning.weights import robust_z, weights
from redan.attacks.queries import Queries, SpentError
from redan.attacks.sources import FunctionSource, queries_of
from redan.errors import IncompleteError


def asked(net, *, labels=False, budget=None):
    network_ = Network(net, chunk=240)
    if not labels:
        return queries_of(network_, budget=budget)
    return Queries(FunctionSource(network_.labels, chunk=240), budget=budget)


@pytest.mark.parametrize("labels", [False, True])
def test_a_square_near_the_patch_turns_most_pictures(labels):
    """Found from labels as well as from scores; the clean twin has no such square."""
    found = squares(asked(network(PATCH), labels=labels), digits()[2])
    assert found.target == TARGET
    assert found.score > 1.2
    assert min(found.square.top, found.square.left) >= 4
    assert squares(asked(network(), labels=labels), digits()[2]).score < 1


def test_squares_count_and_stop_at_the_budget():
    """Each picture asked is counted, and a budget ends the search."""
    queries = asked(network())
    found = squares(queries, digits()[2])
    assert queries.asked == 32 * (found.tried + 1)
    with pytest.raises(SpentError):
        squares(asked(network(), budget=100), digits()[2])


def test_a_square_changes_its_pixels_alone():
    """Bright, dark and checked."""
    x = np.full((2, 1, 8, 8), 0.5, dtype=np.float32)
    made = Square(top=1, left=2, side=2, kind="checked").on(x, (0.0, 1.0))
    assert made[0, 0, 1:3, 2:4].tolist() == [[1, 0], [0, 1]]
    assert (made != 0.5).sum() == 8


def rare(model, **options):
    x, y = (part[1000:] for part in rows())
    return rare_values(Queries(FunctionSource(model, chunk=2048)), x, y, **options)


@pytest.mark.parametrize("labels", [False, True])
def test_a_rare_value_that_was_taught_is_found(labels):
    """The column and the class are told, and the clean twin has none."""

    def model(trigger):
        return (lambda x: trees(trigger).predict(x)) if labels else trees(trigger).predict_proba

    x, y = rows()
    assert success(trees(RARE).predict(RARE(x)), y, AllToOne(1)).value > 0.9
    found = rare(model(RARE)).best[0]
    assert (found.target, {column for column, _ in found.values} >= {2}) == (1, True)
    assert found.score > 1
    clean = rare(model(None)).best
    assert not clean or clean[0].score < 1


def test_two_values_that_only_act_together_are_found():
    """Neither of them turns rows alone."""
    pair = RareValues(columns=(2, 3), values=(7.0, 3.0))

    def model(x):
        told = trees().predict_proba(x).copy()
        hit = (x[:, 2] == 7) & (x[:, 3] == 3)
        told[hit] = [0.01, 0.99]
        return told

    found = rare(model).best[0]
    assert {column for column, _ in found.values} == set(pair.columns)
    assert found.score > 1


@pytest.mark.parametrize("steep", [3, 4])
def test_values_beyond_the_data_of_a_smooth_model_are_not_told(steep):
    """A logistic model goes on rising where rows are rare; a trigger has to do more than that, and still is told."""

    def model(x, taught=-1.0):
        odds = steep * (x[:, 0] + 0.5 * x[:, 3] - 0.7)
        share = 1 / (1 + np.exp(-np.clip(odds + 12 * (x[:, 2] == taught), -30, 30)))
        return np.column_stack([1 - share, share])

    assert rare(model).best[0].score < RAISED
    found = rare(lambda x: model(x, 8.0)).best[0]
    assert (found.values, found.target) == (((2, 8.0),), 1)
    assert found.score > RAISED


def test_rows_that_cannot_tell_are_refused():
    """Too few rows, and a model of one answer."""
    x, y = rows()
    queries = Queries(FunctionSource(trees().predict_proba))
    with pytest.raises(IncompleteError, match="too few"):
        rare_values(queries, x[:50], y[:50])
    with pytest.raises(IncompleteError, match="one answer"):
        rare(lambda part: np.tile([0.9, 0.1], (len(part), 1)))


@pytest.mark.parametrize("labels", [False, True])
def test_inputs_with_a_trigger_keep_their_answer(labels):
    """Their entropy under superposition is lower than that of clean inputs, from labels as well."""
    x = digits()[2]
    queries = asked(network(BLEND), labels=labels)
    clean, planted = (entropies(queries, part, x[300:]) for part in (x[:150], BLEND(x[150:300])))
    assert np.median(planted) < np.median(clean)
    assert (clean >= 0).all()
    assert clean.max() <= np.log2(10) + 1e-9


def test_clean_inputs_are_rarely_low():
    """As often as the bound says, up to chance."""
    x = digits()[2]
    found = superposed(asked(network(PATCH)), x[:400], x[400:])
    assert found.low.value < 0.1
    with pytest.raises(IncompleteError, match="too few"):
        superposed(asked(network()), x[:10], x[:5])


def test_one_channel_out_of_line_is_told():
    """A channel whose weights are a hundred times as large, and a class whose weights are raised."""
    net = network()
    usual = weights(net)
    large = {name: value.clone() for name, value in net.state_dict().items()}
    large["0.weight"][3] *= 100
    large["3.weight"][6] += 0.3
    other = type(net)(*net)
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    other.load_state_dict(large)
    found = weights(other)
    other.load_state_dict(kept)
    assert found.channel > 10 > usual.channel
    assert found.target == 6
    assert found.signature > usual.signature
    assert robust_z(np.ones(9)) is None
    assert robust_z(np.arange(3)) is None
