"""Every planted accounting mistake is found with its reason, and a correct record has none."""

import math
from typing import get_args

import numpy as np
import pytest

from privacy_records import bent
from redan.measures.privacy import Mechanism, epsilon_pld, review
from redan.measures.privacy.known import participations
from redan.measures.privacy.record import Assumed, Neighbours, Sampler


def _names(record, kind="mistake"):
    return [one.name for one in review(record).of(kind)]


def test_a_correct_record_has_no_mistake():
    """The claim stands, with the epsilon of the accountant, and nothing is noted."""
    found = review(bent())
    assert found.mistakes == ()
    assert found.actual == found.stated
    assert found.actual.value == pytest.approx(0.1615, abs=5e-4)


# a to f of the list, and noise off by the batch size: name, changes, whether a bound remains and which.
SEVEN = [
    ("sampler-not-as-accounted", {"sampler": "shuffled"}, 1.866),
    ("sampling-rate", {"sampling_rate": 1 / 6000}, 0.1615),
    ("microbatches", {"clipping": "per-microbatch", "microbatch_size": 16}, 0.4062),
    ("bounds-from-data", {"bounds": "data"}, None),
    ("empty-batches-dropped", {"empty_batches": "dropped", "sampling_rate": 2 / 6000, "batch_size": 2}, None),
    ("divided-by-actual-size", {"normalised_by": "actual"}, None),
    ("noise-scale", {"noise_std": 3.0 / 60}, math.inf),
]


@pytest.mark.parametrize(("name", "changes", "known"), SEVEN, ids=[name for name, _, _ in SEVEN])
def test_the_seven_mistakes_are_found(name, changes, known):
    """Each planted mistake is named with its reason, and epsilon is then what it is, or none is known."""
    found = review(bent(**changes))
    assert name in [one.name for one in found.of("mistake")]
    if known is None:
        assert found.actual.value is None
        assert "no-bound-known" in [one.name for one in found.of("mistake")]
    elif math.isinf(known):
        assert found.actual.value > 100
    else:
        assert found.actual.value == pytest.approx(known, rel=0.02)


def test_microbatches_halve_the_noise():
    """With clipped means of several rows, epsilon is that of half the noise multiplier."""
    found = review(bent(clipping="per-microbatch", microbatch_size=16))
    half = Mechanism(noise_multiplier=1.5, steps=200, rate=0.01)
    assert found.actual.value == pytest.approx(epsilon_pld(half, 1e-5))
    assert review(bent(clipping="per-microbatch", microbatch_size=1)).mistakes == ()


def test_shuffled_batches_have_an_honest_claim():
    """Shuffled batches may be claimed without a gain from sampling: as many Gaussian releases as epochs."""
    record = bent(sampler="shuffled")
    assert participations(record) == 2
    plain = Mechanism(noise_multiplier=3.0, steps=2, sampling="none")
    honest = bent(sampler="shuffled", assumed_sampler="none", epsilon=epsilon_pld(plain, 1e-5))
    assert review(honest).of("mistake") == ()
    assert review(record).actual == review(honest).actual
    assert "no tight accounting" in review(honest).caveat


def test_noise_off_by_the_batch_size_is_said():
    """Noise that was divided by the batch size although it went to the sum is called so, and other factors are not."""
    (found,) = [one for one in review(bent(noise_std=3.0 / 60)).of("mistake") if one.name == "noise-scale"]
    assert "batch size of 60" in found.reason
    (other,) = [one for one in review(bent(noise_std=1.5)).of("mistake") if one.name == "noise-scale"]
    assert "batch size" not in other.reason
    assert review(bent(noise_std=3.0 * 0.3 / 60, clipping_norm=0.3, noise_added_to="mean")).mistakes == ()


def test_empty_batches_matter_only_where_they_happen():
    """With 60 rows expected no batch is ever empty, so that epsilon stays; the mistake is said all the same."""
    found = review(bent(empty_batches="dropped"))
    assert [one.name for one in found.of("mistake")] == ["empty-batches-dropped"]
    assert found.actual.value == pytest.approx(0.1615, abs=5e-4)
    # Some 22 rows: an empty batch has a chance of about 1e-6, so that delta has to make room for it.
    some = review(bent(empty_batches="dropped", sampling_rate=22 / 6000, batch_size=22, steps=3000, epsilon=1.0))
    assert some.actual.value > some.stated.value


def test_what_else_voids_a_claim():
    """No clipping, mixing layers, a fixed seed, replacement within batches, a large delta, no relation, too low a claim."""
    assert _names(bent(clipping="none"))[0] == "no-clipping"
    assert _names(bent(batch_statistics=True))[0] == "batch-statistics"
    assert _names(bent(randomness="fixed-seed"))[0] == "fixed-seed"
    assert "no-bound-known" in _names(bent(sampler="fixed-with-replacement", assumed_sampler="none", epsilon=400.0))
    assert _names(bent(delta=1e-3)) == ["delta-too-large"]
    assert _names(bent(neighbours=None)) == ["neighbours-not-stated"]
    assert _names(bent(epsilon=0.1)) == ["epsilon-understated"]
    assert _names(bent(steps=400)) == ["epsilon-understated"]
    assert _names(bent(neighbours="replace-one")) == ["epsilon-understated"]


def test_a_rounded_batch_size_is_no_mistake():
    """A loader of 99 batches has a rate of 1/99, and its batch of 60.6 rows is told as 60."""
    assert review(bent(sampling_rate=1 / 99, epsilon=0.17)).mistakes == ()
    assert _names(bent(sampling_rate=0.31, batch_size=0.42, epsilon=1e5)) == ["sampling-rate"]


def test_notes_stand_beside_a_claim():
    """A search, private validation data and an older accountant are said and void nothing."""
    assert _names(bent(runs=20, runs_accounted=False), "note") == ["search-not-accounted"]
    assert _names(bent(validation="not-accounted"), "note") == ["validation-not-accounted"]
    older = review(bent(accountant="rdp", epsilon=0.183))
    assert [one.name for one in older.mistakes] == ["looser-accountant"]
    assert "13%" in older.mistakes[0].reason


def test_what_is_not_stated_leaves_the_claim_open():
    """Facts on which the claim rests and which nobody stated are listed."""
    (found,) = review(bent(clipping=None, empty_batches=None)).mistakes
    assert found.kind == "unstated"
    assert "'clipping', 'empty_batches'" in found.reason


def test_batches_of_a_fixed_size_need_replacement():
    """They are accounted by Renyi divergence for neighbours by replacement, and not for rows added."""
    fixed = {"sampler": "fixed-without-replacement", "assumed_sampler": "fixed-without-replacement", "steps": 500}
    assert review(bent(**fixed, neighbours="replace-one", epsilon=9.0)).of("mistake") == ()
    assert "no-accounting-known" in _names(bent(**fixed))


@pytest.mark.parametrize("seed", range(6))
def test_extreme_records_are_judged(seed):
    """Whatever sizes, noise and steps a record states, it is judged within seconds, without a warning or an error."""
    rng = np.random.default_rng(seed)
    rows = int(10 ** rng.uniform(1, 12))
    found = review(
        bent(
            sampler=str(rng.choice(get_args(Sampler)[:4])),
            assumed_sampler=str(rng.choice(get_args(Assumed))),
            neighbours=str(rng.choice(get_args(Neighbours))),
            dataset_size=rows,
            batch_size=rows * 10 ** rng.uniform(-6, 0),
            sampling_rate=10 ** rng.uniform(-9, 0),
            noise_multiplier=float(rng.choice([0.0, 10 ** rng.uniform(-9, 9), 10 ** rng.uniform(-1, 1)])),
            noise_std=10 ** rng.uniform(-9, 9),
            steps=int(10 ** rng.uniform(0, rng.choice([3, 12]))),
            delta=float(rng.choice([0.0, 1.0, 1e-300, 1e-5])),
            empty_batches="dropped",
        )
    )
    assert found.of("mistake")
