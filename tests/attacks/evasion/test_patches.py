"""The patch attack: how a patch lies, what it breaks where and beside what, and that nothing depends on the order."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from attacks.models import digits, right, weak
from attacks.textures import greedy, textures, voting
from redan.attacks import evasion
from redan.attacks.evasion.patching import Making, Shown, for_all, wanted
from redan.attacks.evasion.trials import Given, tried
from redan.attacks.evasion.views import Views, placed, posed, side_of
from redan.attacks.masks import PatchThreat, judge_patch
from redan.errors import IncompleteError, InputError

AREA = PatchThreat(0.15)
STILL = Views(rotation=0.0, smallest=1.0, brightness=0.0, place=(0.5, 0.5))


def test_a_patch_that_does_not_move_is_copied_as_it_is():
    """Without a turn its values lie on the pixels, and nothing else changes."""
    rng = torch.Generator().manual_seed(0)
    x, patch = torch.rand(3, 2, 8, 8, generator=rng), torch.rand(3, 2, 4, 4, generator=rng)
    threat = PatchThreat(0.25)
    assert side_of(threat, 8, 8) == 4
    key = torch.tensor([1, 3, 5])
    laid = placed(patch, x, posed(STILL, key, key * 0, (8, 8), threat), threat)
    expected = x.clone()
    expected[:, :, 2:6, 2:6] = patch
    assert torch.allclose(laid.x, expected, atol=1e-6)
    assert laid.mask.sum() == 3 * 16
    assert laid.mask[:, 2:6, 2:6].all()


def test_a_quarter_turn_turns_the_patch():
    """Its corners lie where a rotation of the array puts them."""
    patch = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    threat, key = PatchThreat(0.25), torch.tensor([1])
    poses = posed(STILL, key, key * 0, (8, 8), threat)._replace(turn=torch.tensor([torch.pi / 2]))
    shown = placed(patch, torch.zeros(1, 1, 8, 8), poses, threat).x[0, 0, 2:6, 2:6]
    assert torch.allclose(shown, patch[0, 0].rot90(-1), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    some.integers(5, 24),
    some.integers(5, 24),
    some.floats(0.04, 0.5),
    some.floats(0, 180),
    some.floats(0.3, 1),
    some.integers(0, 2**40),
)
def test_no_view_leaves_the_threat_model(height, width, area, rotation, smallest, seed):
    """The judge confirms size, mask in one piece and box of any view of any patch."""
    threat = PatchThreat(area, -1.0, 2.0)
    views = Views(rotation=rotation, smallest=smallest, brightness=0.5)
    key = torch.arange(16) * 2 + 1 + 2 * seed
    side = side_of(threat, height, width)
    x, patch = torch.zeros(16, 1, height, width), torch.full((16, 1, side, side), 1.5)
    laid = placed(patch, x, posed(views, key, key, (height, width), threat), threat)
    found = judge_patch(
        lambda rows: np.zeros(len(rows), dtype=np.int64),
        x.numpy(),
        np.ones(16, dtype=np.int64),
        laid.x.numpy(),
        masks=laid.mask.numpy(),
        threat=threat,
    )
    assert not found.outside.any()
    assert laid.mask.any(2).any(1).all()


def test_views_are_drawn_from_all_of_their_range():
    """Turn, size, brightness and place, over many draws; the patch stays in the picture."""
    key = torch.arange(4000) * 2 + 1
    poses = posed(Views(rotation=30, smallest=0.5, brightness=0.2), key, key * 0, (20, 30), PatchThreat(0.06))
    degrees = poses.turn.rad2deg()
    assert -30 <= degrees.min() < -29
    assert 29 < degrees.max() <= 30
    assert (poses.half.min() / poses.half.max() - 0.5).abs() < 0.01
    assert abs(float(poses.bright.mean())) < 0.01
    assert poses.row.min() < 4
    assert poses.row.max() > 16
    assert poses.column.max() > 26
    reach = poses.half * (poses.turn.cos().abs() + poses.turn.sin().abs())
    assert (poses.row - reach).min() >= -1e-5
    assert (poses.column + reach).max() <= 30 + 1e-5


def test_what_is_climbed_is_the_chance_of_what_is_wanted():
    """The target's probability, or that of all classes but the true one."""
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    y, chance = torch.tensor([0, 1, 2, 3, 0]), logits.softmax(1)
    any_other = wanted(logits, y, torch.full((5,), -1)).exp()
    assert torch.allclose(any_other, 1 - chance.gather(1, y[:, None])[:, 0], atol=1e-6)
    assert torch.allclose(wanted(logits, y, torch.full((5,), 2)).exp(), chance[:, 2], atol=1e-6)


@pytest.mark.parametrize(
    ("target", "universal", "least"), [(None, True, 0.5), (2, True, 0.9), (None, False, 0.8), (2, False, 0.8)]
)
def test_a_patch_breaks_the_weak_twin_and_not_the_hardened_one(target, universal, least):
    """On pictures it was not made on, in fresh views; noise of that size breaks neither."""
    x, y = (part[: 140 if universal else 24] for part in textures(160, 1))
    settings_ = {"threat": AREA, "target": target, "universal": universal, "steps": 50 if universal else 20}
    weak_, hard = (evasion.patch(net(), x, y, **settings_) for net in (greedy, voting))
    assert weak_.success.value >= least
    assert weak_.noise.value < 0.2
    assert weak_.beyond_noise.interval.low > 0.2
    assert weak_.beyond_noise.difference == pytest.approx(weak_.success.value - weak_.noise.value)
    assert hard.success.value < 0.1
    for found in (weak_, hard):
        assert found.outside == 0
        assert found.success.interval.low <= found.success.value <= found.success.interval.high
        assert found.success.n == len(found.tried_on) == len(found.x_adv)
        assert found.masks.mean(axis=(1, 2)).max() <= 0.15
        assert (y[found.tried_on].numpy() != (9 if target is None else target)).all()
        assert bool(set(found.made_on) & set(found.tried_on)) != universal
        assert len(found.patch) == (1 if universal else len(found.tried_on))


def test_the_judge_asked_again_says_the_same():
    """From what is handed back alone."""
    x, y = textures(160, 1)
    found = evasion.patch(greedy(), x, y, threat=AREA, steps=2)
    judged = judge_patch(
        evasion.Network(greedy()).labels,
        x.numpy()[found.tried_on],
        y.numpy()[found.tried_on],
        found.x_adv,
        masks=found.masks,
        threat=AREA,
    )
    assert np.array_equal(judged.broken, found.broken)
    assert 0 < found.broken.mean() < 1


def test_a_patch_made_without_transformations_does_worse_under_them():
    """Made in the middle, and tried turned by up to 45 degrees, smaller, anywhere."""
    x, y = textures(160, 1)
    wide = Views(rotation=45, smallest=0.6)
    network, aim = evasion.Network(greedy()), torch.full((80,), 2)
    rest = np.flatnonzero(y[80:].numpy() != 2) + 80
    trial = Given(network, x.numpy()[rest], y.numpy()[rest], 2, 0)
    rates = []
    for views in (STILL, wide):
        making = Making(threat=AREA, views=views, steps=50)
        made = for_all(network, Shown(x[:80], y[:80], aim), torch.tensor([12345]), making)
        rates.append(tried(trial, Making(threat=AREA, views=wide), made).broken.mean())
    assert rates[1] > rates[0] + 0.05


@pytest.mark.parametrize("universal", [True, False])
def test_slots_and_order_change_nothing(universal):
    """1, 32 and 500 patches in flight, and the pictures in another order: the same bytes."""
    x, y = (part[:10] for part in right(weak(), digits()))
    kept = {"threat": PatchThreat(0.1), "universal": universal, "steps": 6}
    first, one, some_ = (evasion.patch(weak(), x, y, slots=slots, **kept) for slots in (500, 1, 32))
    turned = evasion.patch(weak(), x.flip(0), y.flip(0), **kept)
    for other in (one, some_):
        assert first.patch.tobytes() == other.patch.tobytes()
        assert first.x_adv.tobytes() == other.x_adv.tobytes()
    order = slice(None) if universal else slice(None, None, -1)
    assert first.patch.tobytes() == turned.patch[order].tobytes()
    assert first.x_adv.tobytes() == turned.x_adv[::-1].tobytes()
    assert np.array_equal(np.sort(9 - turned.tried_on), first.tried_on)
    assert first.patch.tobytes() != evasion.patch(weak(), x, y, seed=1, **kept).patch.tobytes()


def test_equal_pictures_are_never_on_both_sides():
    """Each picture three times: the copies of one are all held out, or none."""
    x, y = (part[:12].repeat(3, *[1] * (part.ndim - 1)) for part in right(weak(), digits()))
    found = evasion.patch(weak(), x, y, threat=PatchThreat(0.1), steps=2, held_out=0.25)
    assert set(found.tried_on % 12).isdisjoint(found.made_on % 12)
    assert len(found.tried_on) == 9


def test_another_box_and_two_classes():
    """Values between -1 and 1: the patch uses all of it, and stays inside."""
    x, y = textures(160, 1)
    two = y < 2

    class Shifted(torch.nn.Module):
        def forward(self, z):
            return greedy()((z + 1) / 2)[:, :2]

    found = evasion.patch(Shifted().eval(), 2 * x[two] - 1, y[two], threat=PatchThreat(0.15, -1.0, 1.0), steps=30)
    assert found.success.value > 0.3
    assert found.outside == 0
    assert found.patch.min() == -1
    assert found.patch.max() == 1


def test_bad_input_is_refused_with_its_reason():
    """No pictures, no such class, no pixel, no view, nothing to hold out."""
    x, y = (part[:6] for part in right(weak(), digits()))
    for change, match in (
        ({"target": 10}, "no class 10"),
        ({"steps": 0}, "of 0 steps"),
        ({"held_out": 1.0}, "1 of the pictures held out"),
        ({"threat": PatchThreat(0.001)}, "less than one"),
    ):
        with pytest.raises(InputError, match=match):
            evasion.patch(weak(), x, y, **{"threat": AREA} | change)
    with pytest.raises(InputError, match="no pictures"):
        evasion.patch(torch.nn.Linear(64, 10).eval(), x.flatten(1), y, threat=AREA)
    with pytest.raises(InputError, match="views with rotation"):
        Views(rotation=-1)
    with pytest.raises(IncompleteError, match="too few"):
        evasion.patch(weak(), x[:1], y[:1], threat=AREA)
    with pytest.raises(IncompleteError, match="too few"):
        evasion.patch(weak(), x, (y + 1) % 10, threat=AREA)
