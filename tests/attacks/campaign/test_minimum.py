"""A campaign of minimum-norm attacks: the curve of one run, the radius on it, findings, and no work file."""

from pathlib import Path

import numpy as np
import pytest

from attacks.models import digits, masked, weak
from redan.attacks.campaign.minimum import MinimumCampaign
from redan.attacks.campaign.parts import here
from redan.attacks.campaign.telling import MASKED, ROBUST, tell
from redan.attacks.evasion import Network
from redan.attacks.judge import judge
from redan.attacks.threat import L2, Linf
from redan.errors import UsageError
from redan.terms import Outcome


def tried(net, threat, n=32, work=None, **wanted):
    x, y = digits().x_test[:n].numpy(), digits().y_test[:n].numpy()
    campaign = MinimumCampaign(network=Network(net), x=x, y=y, threat=threat, watched=8, **wanted)
    return campaign.joined(here(campaign, work))


@pytest.mark.parametrize("threat", [Linf(0.15), L2(0.75)], ids=str)
def test_the_curve_passes_through_what_the_judge_left(threat):
    """At the radius it is the robust accuracy; beyond it falls; what broke is confirmed once more."""
    made = tried(weak(), threat, radii=(0.333,))
    at = {point.eps: point.robust.value for point in made.curve.points}
    judged = judge(Network(weak()).labels, made.x, made.y, made.x_adv, threat)
    assert np.array_equal(judged.broken & made.clean, made.broken)
    assert at[threat.eps] == made.rates().robust.value == (made.clean & ~judged.broken).mean()
    assert at[0.0] == made.rates().clean.value > 0.9
    assert at[2 * threat.eps] < at[threat.eps] < at[0.0]
    assert 0.333 in at
    assert ("ddn" in made.attacks) == (threat.norm == "l2")
    robust, trusted = tell(made, "weak")
    assert robust.check == ROBUST
    assert robust.outcome is Outcome.BROKEN
    assert "median distance" in robust.message
    assert len(robust.detail["pictures"]) >= 3
    assert trusted.check == MASKED


def test_a_masked_model_is_not_trusted():
    """Rounding hides the gradient: nothing is found, and the failure checks say why."""
    made = tried(masked("rounded"), Linf(0.1), n=24)
    assert made.rates().robust.value > 0.8
    assert not made.trust.trusted
    assert next(iter(tell(made, "rounded"))).outcome is Outcome.NOT_RUN


def test_a_work_file_is_refused():
    """These attacks cannot go on from one."""
    with pytest.raises(UsageError, match="no work file"):
        tried(weak(), Linf(0.1), n=4, work=Path("work"))
