"""The judge of patches: a change beside the mask, a mask that is no patch, and values out of the box are refused."""

import numpy as np
import pytest

from redan.attacks.masks import PatchThreat, judge_patch
from redan.errors import InputError

N = 6


def said(x):
    """Class 1 when the middle is bright."""
    return (x[:, 0, 3, 3] > 0.5).astype(np.int64)


@pytest.fixture
def given():
    """Dark pictures of two channels, a patch of 2 x 2 pixels in the middle that makes them bright, and its masks."""
    x = np.full((N, 2, 8, 8), 0.1, dtype=np.float32)
    masks = np.zeros((N, 8, 8), dtype=bool)
    masks[:, 3:5, 3:5] = True
    x_adv = x.copy()
    x_adv[:, :, 3:5, 3:5] = 0.9
    return x, np.zeros(N, dtype=np.int64), x_adv, masks


def judged(given, area=0.0625, target=None):
    x, y, x_adv, masks = given
    return judge_patch(said, x, y, x_adv, masks=masks, threat=PatchThreat(area), target=target)


def test_a_patch_is_confirmed_and_its_share_measured(given):
    """Four of 64 pixels, another label than the truth."""
    found = judged(given)
    assert found.broken.all()
    assert not found.outside.any()
    assert (found.answers == 1).all()
    assert np.allclose(found.size, 4 / 64)


def test_what_is_no_patch_is_refused(given):
    """One picture each: a pixel beside the mask, one channel of it, too large, in two pieces, none, out of the box."""
    x, _, x_adv, masks = given
    x_adv[0, :, 0, 0] = 0.2
    x_adv[1, 1, 3, 2] = 0.2
    masks[2, 3:5, 5] = True
    masks[3, 4, 4], masks[3, 7, 7] = False, True
    x_adv[3, :, 4, 4] = x[3, :, 4, 4]
    masks[4] = False
    x_adv[4] = x[4]
    x_adv[5, 0, 3, 4] = 1.01
    found = judged(given)
    assert found.outside.all()
    assert not found.broken.any()
    x_adv[5, 0, 3, 4] = np.nan
    assert judged(given).outside[5]


def test_a_target_has_to_be_reached_and_the_truth_to_be_missed(given):
    """The label alone decides then; a patch that changes nothing breaks nothing."""
    x, y, x_adv, masks = given
    assert judged(given, target=1).broken.all()
    assert not judged(given, target=0).broken.any()
    unchanged = judged((x, y, x.copy(), masks))
    assert not unchanged.broken.any()
    assert not unchanged.outside.any()
    assert not judged((x, y + 1, x_adv, masks)).broken.any()


def test_pixels_that_touch_by_their_corners_are_one_patch(given):
    """A turned patch of few pixels may be no more than a diagonal."""
    _, _, x_adv, masks = given
    masks[:, 3, 4] = masks[:, 4, 3] = False
    x_adv[:, :, 3, 4] = x_adv[:, :, 4, 3] = np.float32(0.1)
    assert judged(given).broken.all()


@pytest.mark.parametrize("area", [0.0, 1.0, -0.1, float("nan")])
def test_areas_of_nothing_or_everything_are_refused(area):
    """As is an empty box."""
    with pytest.raises(InputError, match="of the picture"):
        PatchThreat(area)
    with pytest.raises(InputError, match="empty"):
        PatchThreat(0.1, 1.0, 1.0)


def test_less_than_a_pixel_and_other_shapes_are_refused(given):
    """The error says what is wrong."""
    x, y, x_adv, masks = given
    assert PatchThreat(0.25).pixels(8, 8) == 16
    with pytest.raises(InputError, match="less than one"):
        judged(given, area=0.01)
    with pytest.raises(InputError, match="masks of shape"):
        judged((x, y, x_adv, masks[:, 1:]))
