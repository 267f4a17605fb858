"""Source by target: what is counted is what a plain loop counts, and masks and nobody's knowledge are told apart."""

import numpy as np
import pytest
import torch

from attacks.models import EPS, digits, masked, right, weak
from attacks.transfer.linear import net, planted
from redan.attacks.evasion.network import Network
from redan.attacks.threat import L1, L2, Linf
from redan.attacks.transfer import crafted, noise, surrogate, transfers
from redan.attacks.transfer.crafting import carrying
from redan.attacks.transfer.joint import FURTHER
from redan.errors import InputError


def test_the_matrix_is_what_a_plain_loop_counts():
    """Each cell by asking the target once for every input."""
    x, y = right(weak(), digits(), 20)
    x, y = x.numpy(), y.numpy()
    nets = {"a": weak(), "b": weak(1)}
    sent = transfers(nets, x, y, threat=Linf(0.08), suite=None)
    rates = sent.rates()
    for source in nets:
        moved = sent.made[source]
        assert np.abs(moved - x).max() <= 0.08 + 1e-6
        for target in nets:
            both = hits = lost = 0
            for row in range(len(x)):
                clean = [int(nets[n](torch.as_tensor(x[row : row + 1])).argmax()) == y[row] for n in (source, target)]
                fell = [
                    int(nets[n](torch.as_tensor(moved[row : row + 1])).argmax()) != y[row] for n in (source, target)
                ]
                both += all(clean) and fell[0]
                hits += all(clean) and all(fell)
                lost += clean[1] and fell[1]
            cell = rates.cell(source, target)
            assert (cell.given.hits, cell.given.n) == (hits, both)
            assert (cell.overall.hits, cell.overall.n) == (lost, int(sent.right[target].sum()))
    assert rates.own == (None, None)
    assert sent.cost.forward > 0


def test_the_white_box_stands_beside_what_carried():
    """Look-alikes fall to each other, a firm network to nobody; and no white box is beaten."""
    made, _, firm = planted(12)
    nets = {"frail": net(made.frail), "alike": net(made.frail * np.float32(0.9)), "firm": firm}
    sent = transfers(nets, made.x, made.y, threat=Linf(0.02))
    rates, signs = sent.rates(), sent.signs()
    assert rates.cell("frail", "alike").given.value == 1.0
    assert rates.cell("frail", "firm").overall.value == 0.0
    assert [own.value for own in rates.own] == [1.0, 1.0, 0.0]
    assert not any(signs[name].fired for name in nets)
    assert signs["frail to firm"].fired
    assert not signs["frail to alike"].fired
    assert signs["firm to frail"].fired is None


def test_a_masked_white_box_is_beaten_by_transfer():
    """A network without gradients survives its own attacks and falls to those of its twin: the sign says so."""
    x, y = right(weak(), digits(), 16)
    nets = {"twin": weak(), "masked": masked("detached")}
    sent = transfers(nets, x, y, threat=Linf(EPS), sources=["twin"], suite=FURTHER)
    assert sent.signs()["masked"].fired
    assert not sent.signs()["twin to masked"].fired
    assert set(sent.broken) == {"twin"}


def test_who_knows_nothing_moves_little():
    """Noise of the same size breaks next to nothing of what a white box breaks; it is of that size, and drawn by seed."""
    x, y = right(weak(), digits(), 40)
    for threat, size in ((Linf(EPS), EPS), (L2(0.75), 0.75)):
        moved = noise(x, threat=threat)
        assert threat.sizes(moved - x.numpy()).max() <= size + 1e-6
        assert (Network(weak()).labels(moved) != y.numpy()).mean() < 0.2
        assert moved[::-1].tobytes() == noise(x.flip(0), threat=threat).tobytes()
        assert moved.tobytes() != noise(x, threat=threat, seed=1).tobytes()
    with pytest.raises(InputError, match="no noise"):
        noise(x, threat=L1(1.0))


def test_a_model_of_ones_own_is_taught_without_side_effects():
    """It learns the task, the same from the same seed, and nobody else's random numbers are touched."""
    made, _, _ = planted(120)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    own, again = (surrogate(made.x[:60], made.y[:60], classes=3) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(own(torch.as_tensor(made.x)), again(torch.as_tensor(made.x)))
    assert (Network(own).labels(made.x[60:]) == made.y[60:]).mean() > 0.9
    with pytest.raises(InputError, match="label 2 of 2 classes"):
        surrogate(made.x, made.y, classes=2)


def test_without_labels_the_source_is_driven_from_its_own_answers():
    """As for a base of other classes: the same inputs as with its own answers for labels."""
    made, apart, _ = planted(8)
    source = apart["part 0"]
    own = Network(source).labels(made.x)
    wanted = crafted(source, made.x, own, threat=Linf(0.02))
    assert crafted(source, made.x, None, threat=Linf(0.02)).tobytes() == wanted.tobytes()
    assert (Network(source).labels(wanted) != own).all()


def test_inputs_go_on_where_the_source_is_wrong_by_itself():
    """Such a sample is sent as well, moved as far as it goes; targets may have it right."""
    made, _, firm = planted(8)
    wrong = net(np.roll(made.firm, 1, axis=1))
    moved = crafted(wrong, made.x, made.y, threat=Linf(0.02))
    assert (Network(wrong).labels(made.x) != made.y).all()
    assert (np.abs(moved - made.x).max(axis=1) > 0.019).all()
    sent = transfers({"wrong": wrong, "firm": firm}, made.x, made.y, threat=Linf(0.02), suite=None)
    assert sent.rates().cell("wrong", "firm").given.n == 0
    assert sent.rates().cell("wrong", "firm").overall.n == 8


def test_large_pictures_are_shrunk_at_random():
    """Input diversity where it carries further; momentum alone for small pictures and for rows."""
    names = [carrying(np.zeros(shape, dtype=np.float32)).name for shape in ((1, 3, 64, 80), (1, 1, 28, 28), (1, 30))]
    assert names == ["m-di-fgsm", "mi-fgsm", "mi-fgsm"]


def test_strange_names_are_refused():
    """A source that is no model is said by name."""
    made, apart, _ = planted(4)
    with pytest.raises(InputError, match="nobody"):
        transfers(apart, made.x, made.y, threat=Linf(0.1), sources=["nobody"])
