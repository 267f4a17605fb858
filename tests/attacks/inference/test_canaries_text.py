"""Canaries in text: a model that read them gives them away, its twin that did not does not."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from attacks.inference.language import LETTERS, Letters, planted, prose, trained  # noqa: E402
from redan.attacks.inference.canaries import CanarySet, TextFormat  # noqa: E402
from redan.attacks.inference.canaries_losses import (  # noqa: E402
    losses_of_text,
    next_token,
    sane_of_text,
    sequence_losses,
    try_canaries,
)
from redan.attacks.inference.canaries_search import beam, shortest_path  # noqa: E402
from redan.attacks.inference.exposure_fit import extrapolated  # noqa: E402
from redan.errors import IncompleteError, InputError  # noqa: E402
from redan.models.model import model_of  # noqa: E402

_LINES = 150


@pytest.fixture(scope="module")
def secret() -> tuple[Letters, Letters, CanarySet]:
    """A model that read two canaries 16 times each, its twin that read none, and the canaries."""
    text, canaries = planted("pin ####-##", (16, 16), lines=_LINES, seed=3, words=4)
    return trained(text, steps=280, seed=3), trained(prose(_LINES, 3, 4), steps=280, seed=3), canaries


def test_what_was_read_often_is_exposed(secret: tuple[Letters, Letters, CanarySet]) -> None:
    """Both canaries are before all or nearly all others, and the verdict says so."""
    model, _, canaries = secret
    test = try_canaries(canaries, losses_of_text(canaries, model))
    assert test.verdict == "exposed"
    assert all(test.memorised)


def test_what_was_not_read_is_not(secret: tuple[Letters, Letters, CanarySet]) -> None:
    """The twin's exposure of the same canaries is that of chance."""
    _, twin, canaries = secret
    test = try_canaries(canaries, losses_of_text(canaries, twin))
    assert test.verdict == "bounded"
    assert not any(test.memorised)
    assert test.worst.bits < 8


def test_the_search_draws_them_out_and_proves_it(secret: tuple[Letters, Letters, CanarySet]) -> None:
    """The likeliest secrets of a million are those that were planted, after a few hundred questions."""
    model, _, canaries = secret
    assert canaries.text is not None
    planted_secrets = {one.secret for one in canaries.canaries}
    found = shortest_path(model, canaries.text, best=2)
    assert found.proved
    assert found.asked < 5000
    assert set(found.secrets) & planted_secrets
    assert found.losses[0] <= found.losses[1]


def test_the_search_is_that_of_trying_all() -> None:
    """On a space of 1,000 with fixed characters between, the order is that of all losses; a wide beam agrees."""
    torch.manual_seed(1)
    model, shape = Letters(8).eval(), TextFormat(pattern="no #-?#", vocabulary=LETTERS)
    every = [(a, b, c) for a in range(10) for b in range(26) for c in range(10)]
    losses = sequence_losses(next_token(model), shape.tokens([shape.rendered(one) for one in every]))
    order = [every[i] for i in np.argsort(losses)[:20]]
    found = shortest_path(model, shape, best=20)
    head = sequence_losses(next_token(model), shape.tokens(["no "]))[0]
    assert [*found.secrets] == order
    assert found.losses == pytest.approx(np.sort(losses)[:20] - head, abs=1e-4)
    assert beam(model, shape, width=2600).secrets[:20] == found.secrets
    assert beam(model, shape, width=1).asked == 3


def test_a_model_with_another_vocabulary_is_noticed(secret: tuple[Letters, Letters, CanarySet]) -> None:
    """The model prefers its text to the letters shuffled; with the vocabulary turned round it does not."""
    model, _, canaries = secret
    lines = [*prose(_LINES, 3, 4).splitlines(), "Grüße aus München"]
    sane_of_text(canaries, model, lines)
    turned = canaries.text.model_copy(update={"vocabulary": LETTERS[::-1]})
    with pytest.raises(IncompleteError, match="shuffled"):
        sane_of_text(canaries.model_copy(update={"text": turned}), model, lines)


def test_a_spent_budget_proves_nothing() -> None:
    """A search that was ended early says that it was."""
    torch.manual_seed(1)
    found = shortest_path(Letters(8).eval(), TextFormat(pattern="a ######", vocabulary=LETTERS), budget=3)
    assert not found.proved
    assert found.secrets == ()
    assert found.asked <= 3


def test_extrapolation_stands_beside_the_rank(secret: tuple[Letters, Letters, CanarySet]) -> None:
    """For the twin, the fit to 2,000 references says what the rank says, within a bit and a half."""
    _, twin, canaries = secret
    losses = losses_of_text(canaries, twin)
    own = losses(0, np.array([canaries.canaries[0].secret]))
    others = losses(0, canaries.others(0, 4000))
    try:
        (fitted,) = extrapolated(own, others[:2000], rng=np.random.default_rng(0))
    except IncompleteError as error:
        assert "skew-normal" in str(error)
        return
    share = (1 + (others <= own[0]).sum()) / 4001
    assert abs(fitted.bits + np.log2(share)) < 1.5


def test_an_onnx_file_answers_as_the_module_does(tmp_path: Path) -> None:
    """The losses of an exported model are those of the module, to float32."""
    pytest.importorskip("onnxruntime")
    import onnxruntime

    torch.manual_seed(2)
    table = torch.nn.Embedding(256, 256)
    path = tmp_path / "bigram.onnx"
    _export(table, path)
    tokens = np.random.default_rng(0).integers(0, 256, (5, 9))
    session = onnxruntime.InferenceSession(path.read_bytes())
    asked = sequence_losses(next_token(model_of(session)), tokens)
    assert asked == pytest.approx(sequence_losses(next_token(table), tokens), rel=1e-5)


def test_answers_of_another_shape_are_refused() -> None:
    """Logits of the last position alone, too few tokens, and models that answer nothing."""
    tokens = np.array([[1, 2, 3]])
    with pytest.raises(InputError, match="shape"):
        sequence_losses(lambda t: np.zeros((len(t), 10)), tokens)
    with pytest.raises(InputError, match="tokens"):
        sequence_losses(lambda t: np.zeros((*t.shape, 3)), tokens)


def _export(table: "torch.nn.Embedding", path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    node = helper.make_node("Gather", ["w", "tokens"], ["logits"])
    graph = helper.make_graph(
        [node],
        "bigram",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "t", 256])],
        [numpy_helper.from_array(table.weight.detach().numpy(), "w")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


@pytest.mark.slow
def test_exposure_grows_with_repetition() -> None:
    """A secret of nine digits: one, two, four, eight and sixteen times, on the mean of two models."""
    curves = []
    for seed in (1, 2):
        text, canaries = planted("my number is #########", (1, 2, 4, 8, 16), lines=500, seed=seed)
        model = trained(text, steps=420, seed=seed)
        test = try_canaries(canaries, losses_of_text(canaries, model), references=4000)
        curves.append([one.bits for one in test.exposures])
    mean = np.mean(curves, axis=0)
    assert mean[4] > 9
    assert mean[3:].mean() > mean[:2].mean() + 3
