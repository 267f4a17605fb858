"""The gate: completeness before judgement, and nothing unknown ever passes."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.gate_cases import C001, D002, KNOWN, N001, control, finding, judged, results, waived, whole
from redan.errors import ConfigError
from redan.gating import Baseline
from redan.terms import Exit, Outcome, Verdict

ROWS, TIMES = KNOWN[D002]
SHARED = finding(ROWS, Outcome.BROKEN)
UNKNOWN = (Outcome.NOT_RUN, Outcome.ERROR, Outcome.STALE)


def test_all_holding_is_met():
    """Every control required and holding: met, exit 0, no reason."""
    judgement = judged(whole())
    assert (judgement.verdict, judgement.exit, judgement.reasons) == (Verdict.MET, Exit.MET, ())


def test_one_broken_is_not_met():
    """Exit 1, and the reason names the check, the finding and its line."""
    judgement = judged(whole(rows_are_not_shared=Outcome.BROKEN))
    assert (judgement.verdict, judgement.exit) == (Verdict.NOT_MET, Exit.FOUND)
    (reason,) = judgement.reasons
    assert reason == (ROWS, "broken: dataset:test: it is broken", "redan.toml:3")


@pytest.mark.parametrize("outcome", UNKNOWN)
def test_one_unknown_is_incomplete(outcome):
    """What was not answered is named with its reason and exits 3, also beside something broken."""
    for other in (Outcome.HOLDS, Outcome.BROKEN):
        judgement = judged(whole(rows_are_not_shared=outcome, times_do_not_overlap=other))
        assert (judgement.verdict, judgement.exit) == (Verdict.INCOMPLETE, Exit.INCOMPLETE)
        assert judgement.reasons[0].about == D002
        assert f"{outcome}: {ROWS} of dataset:test: it is {outcome}" in judgement.reasons[0].what


def test_incomplete_still_shows_what_is_broken():
    """The violations that are known are listed behind what is missing."""
    judgement = judged(whole(rows_are_not_shared=Outcome.NOT_RUN, times_do_not_overlap=Outcome.BROKEN))
    assert [reason.about for reason in judgement.reasons] == [D002, TIMES]


@pytest.mark.parametrize("missing", sorted(KNOWN))
def test_a_control_without_evidence_is_incomplete(missing):
    """The required set must be the seen set: a control left out of the evidence is not a control that holds."""
    run = whole()
    judgement = judged(replace(run, controls=tuple(c for c in run.controls if c.control_id != missing)))
    assert judgement.verdict is Verdict.INCOMPLETE
    assert judgement.reasons[0] == (missing, "is required and has no evidence", None)


def test_no_evidence_at_all_is_incomplete():
    """Nothing seen, nothing met."""
    assert judged(results()).verdict is Verdict.INCOMPLETE
    assert len(judged(results()).reasons) == len(KNOWN)


def test_a_control_that_stands_twice_is_incomplete():
    """Evidence with two answers of one control cannot be judged."""
    run = whole()
    assert judged(replace(run, controls=(*run.controls, run.controls[0]))).verdict is Verdict.INCOMPLETE


def test_evidence_of_another_catalogue_is_incomplete():
    """A control that this catalogue does not hold cannot be judged by it."""
    run = whole()
    alien = control("A-MLSG-009-D001", finding("A-MLSG-009-D001/x", Outcome.HOLDS))
    assert judged(replace(run, controls=(*run.controls, alien))).verdict is Verdict.INCOMPLETE


def test_a_control_without_findings_is_incomplete():
    """A control that claims to hold and shows no finding is not believed."""
    run = results(*(control(c, outcome=Outcome.HOLDS) for c in KNOWN))
    judgement = judged(run)
    assert judgement.verdict is Verdict.INCOMPLETE
    assert judgement.reasons[0].what == "holds: there is no finding"


def test_a_contradicting_outcome_hides_nothing():
    """An outcome better than the worst finding, or worse than all of them, never makes the verdict better."""
    run = whole()
    for outcome, hidden in itertools.product((Outcome.HOLDS, Outcome.NOT_APPLICABLE), (*UNKNOWN, Outcome.BROKEN)):
        lying = control(D002, finding(ROWS, hidden), finding(TIMES, Outcome.HOLDS), outcome=outcome)
        assert judged(replace(run, controls=(*run.controls[:2], lying))).verdict is not Verdict.MET
    for outcome in (*UNKNOWN, Outcome.BROKEN):
        worse = control(D002, finding(ROWS, Outcome.HOLDS), outcome=outcome)
        assert judged(replace(run, controls=(*run.controls[:2], worse))).verdict is not Verdict.MET


def test_only_what_is_required_counts():
    """A broken or unknown control that the policy does not name changes nothing."""
    run = whole(rows_are_not_shared=Outcome.BROKEN, votes_are_not_a_protection=Outcome.NOT_RUN)
    judgement = judged(run, require=[C001])
    assert judgement.verdict is Verdict.MET
    assert [row.required for row in judgement.rows] == [True, False, False]
    assert judged(run, require=[D002]).verdict is Verdict.NOT_MET
    assert judged(run, require=[N001]).verdict is Verdict.INCOMPLETE


def test_a_check_can_be_required_alone():
    """`CONTROL/check` counts by itself: its siblings may be unknown or broken."""
    run = whole(times_do_not_overlap=Outcome.NOT_RUN)
    assert judged(run, require=[ROWS]).verdict is Verdict.MET
    assert judged(run, require=[TIMES]).verdict is Verdict.INCOMPLETE
    assert judged(whole(rows_are_not_shared=Outcome.BROKEN), require=[TIMES]).verdict is Verdict.MET
    judgement = judged(run, require=[ROWS])
    row = next(row for row in judgement.rows if row.control_id == D002)
    assert [item.required for item in row.findings] == [True, False]
    assert row.required


def test_a_required_check_without_a_finding_is_incomplete():
    """The check was not asked at all."""
    run = results(control(D002, finding(TIMES, Outcome.HOLDS)))
    judgement = judged(run, require=[ROWS])
    assert judgement.reasons == ((ROWS, "not-run: there is no finding", None),)


def test_not_applicable_counts_as_met_and_is_shown():
    """A required control that does not apply is met, with the reason in the notes."""
    run = results(control(D002, finding(ROWS, Outcome.NOT_APPLICABLE), finding(TIMES, Outcome.NOT_APPLICABLE)))
    judgement = judged(run, require=[D002])
    assert judgement.verdict is Verdict.MET
    assert judgement.notes == ((D002, "not applicable: it is not-applicable", None),)


def decision(outcome: Outcome):
    """The decision record of the Consider."""
    return finding(f"{C001}/decision-is-recorded", outcome, subject="system")


def test_a_consider_needs_its_record():
    """Without a decision it is broken; rejected on record it is met unmeasured; adopted it is measured like a Do."""
    measured = finding(KNOWN[C001][0], Outcome.BROKEN)
    assert judged(results(control(C001, decision(Outcome.BROKEN))), require=[C001]).verdict is Verdict.NOT_MET
    rejected = results(control(C001, decision(Outcome.NOT_APPLICABLE)))
    assert judged(rejected, require=[C001]).verdict is Verdict.MET
    assert judged(rejected, require=[KNOWN[C001][0]]).verdict is Verdict.MET
    adopted = results(control(C001, decision(Outcome.HOLDS), measured))
    assert judged(adopted, require=[C001]).verdict is Verdict.NOT_MET
    assert judged(adopted, require=[f"{C001}/decision-is-recorded"]).verdict is Verdict.MET


def test_a_waiver_accepts_one_finding():
    """The waived finding no longer fails the gate; outcome and finding are unchanged and flagged."""
    run = whole(rows_are_not_shared=Outcome.BROKEN)
    judgement = judged(run, waivers=waived(SHARED.fingerprint))
    assert judgement.verdict is Verdict.MET
    row = judgement.rows[2]
    assert (row.outcome, row.waived) == (Outcome.BROKEN, True)
    assert [item.accepted for item in row.findings] == [True, False]
    assert row.findings[0].finding == run.controls[2].findings[0]


def test_a_waiver_accepts_no_other_finding():
    """A second broken finding of the same control still fails, and the control is not shown as waived."""
    run = whole(rows_are_not_shared=Outcome.BROKEN, times_do_not_overlap=Outcome.BROKEN)
    judgement = judged(run, waivers=waived(SHARED.fingerprint))
    assert [reason.about for reason in judgement.reasons] == [TIMES]
    assert not judgement.rows[2].waived


@pytest.mark.parametrize("outcome", UNKNOWN)
def test_a_waiver_never_hides_an_unknown(outcome):
    """Not run, error and stale stay incomplete, and nothing is flagged as waived."""
    judgement = judged(whole(rows_are_not_shared=outcome), waivers=waived(SHARED.fingerprint))
    assert judgement.verdict is Verdict.INCOMPLETE
    assert not any(row.waived or any(item.accepted for item in row.findings) for row in judgement.rows)
    assert all("waiver" not in reason.about for reason in judgement.reasons)


def test_an_expired_waiver_accepts_nothing():
    """The finding fails, the waiver fails, and its line is named; the last day still counts."""
    run = whole(rows_are_not_shared=Outcome.BROKEN)
    assert judged(run, waivers=waived(SHARED.fingerprint, days=0)).verdict is Verdict.MET
    judgement = judged(run, waivers=waived(SHARED.fingerprint, days=-1))
    assert judgement.verdict is Verdict.NOT_MET
    assert [reason.about for reason in judgement.reasons] == [ROWS, f"waiver {SHARED.fingerprint}"]
    assert judgement.reasons[1].what == "expired on 2026-05-31"
    assert judgement.reasons[1].where == "waivers.toml:1"


def test_a_waiver_without_its_finding_fails():
    """A waiver left behind would accept the next finding silently, so it fails the gate."""
    for run, what in (
        (whole(), "is no longer needed: the finding is not broken any more"),
        (results(*whole().controls[:2], control(D002, finding(TIMES, Outcome.HOLDS))), "matches no finding"),
    ):
        judgement = judged(run, waivers=waived(SHARED.fingerprint))
        assert judgement.verdict is Verdict.NOT_MET
        assert judgement.reasons == ((f"waiver {SHARED.fingerprint}", what, "waivers.toml:1"),)


def test_a_waiver_of_another_control_fails():
    """The control that a waiver names for its reader must be the finding's."""
    run = whole(rows_are_not_shared=Outcome.BROKEN)
    assert judged(run, waivers=waived(SHARED.fingerprint, control=D002)).verdict is Verdict.MET
    judgement = judged(run, waivers=waived(SHARED.fingerprint, control=N001))
    assert judgement.verdict is Verdict.NOT_MET
    assert [reason.about for reason in judgement.reasons] == [ROWS, f"waiver {SHARED.fingerprint}"]


def test_the_baseline_accepts_known_findings_only():
    """No new findings: the known one passes, a new one fails, an unknown stays incomplete; none of it is "waived"."""
    known = Baseline(frozenset({SHARED.fingerprint}))
    judgement = judged(whole(rows_are_not_shared=Outcome.BROKEN), baseline=known)
    assert judgement.verdict is Verdict.MET
    assert not judgement.rows[2].waived
    assert judgement.rows[2].findings[0].known
    fresh = whole(rows_are_not_shared=Outcome.BROKEN, times_do_not_overlap=Outcome.BROKEN)
    assert [reason.about for reason in judged(fresh, baseline=known).reasons] == [TIMES]
    assert judged(whole(rows_are_not_shared=Outcome.ERROR), baseline=known).verdict is Verdict.INCOMPLETE
    assert judged(whole(), baseline=known).verdict is Verdict.MET


@pytest.mark.parametrize("require", [[], ["A-MLSG-002-D003"], [D002, D002], [f"{D002}/rows"]])
def test_a_wrong_policy_is_a_configuration_error(require):
    """An empty list, an unknown id, and an id that stands twice stop before anything is judged."""
    with pytest.raises(ConfigError) as caught:
        judged(whole(), require=require, where="redan.toml:9")
    assert caught.value.exit_code is Exit.USAGE
    assert caught.value.where == "redan.toml:9"


def test_an_unknown_id_gets_a_suggestion():
    """The nearest known id is named."""
    with pytest.raises(ConfigError, match=rf"did you mean '{ROWS}'"):
        judged(whole(), require=[f"{D002}/row-are-not-shared"])
    with pytest.raises(ConfigError, match="lists the ids"):
        judged(whole(), require=["AIPS-ZZZ-99"])


OUTCOMES = st.sampled_from(Outcome)
RUNS = st.tuples(*(st.lists(OUTCOMES, max_size=2) for _ in KNOWN))
WORSE = {
    Outcome.HOLDS: (Outcome.BROKEN, *UNKNOWN),
    Outcome.NOT_APPLICABLE: (Outcome.BROKEN, *UNKNOWN),
    Outcome.BROKEN: UNKNOWN,
}
RANK = [Verdict.MET, Verdict.NOT_MET, Verdict.INCOMPLETE]


def assembled(outcomes):
    """A run whose findings have the given outcomes."""
    return results(
        *(
            control(c, *(finding(check, outcome) for check, outcome in zip(KNOWN[c], found, strict=False)))
            for c, found in zip(KNOWN, outcomes, strict=True)
        )
    )


@given(outcomes=RUNS, accept=st.booleans(), data=st.data())
def test_worse_evidence_never_gives_a_better_verdict(outcomes, accept, data):
    """The verdict is monotone: making any one answer worse keeps it or makes it worse."""
    run = assembled(outcomes)
    places = [(i, j) for i, found in enumerate(outcomes) for j, outcome in enumerate(found) if outcome in WORSE]
    if not places:
        return
    i, j = data.draw(st.sampled_from(places))
    worse = [list(found) for found in outcomes]
    worse[i][j] = data.draw(st.sampled_from(WORSE[outcomes[i][j]]))
    more = {"baseline": Baseline(frozenset({SHARED.fingerprint}))} if accept and worse[i][j] in UNKNOWN else {}
    before, after = judged(run, **more), judged(assembled(worse), **more)
    assert RANK.index(after.verdict) >= RANK.index(before.verdict)


@given(outcomes=RUNS, require=st.sets(st.sampled_from([*KNOWN, *(c for cs in KNOWN.values() for c in cs)]), min_size=1))
def test_the_verdict_is_that_of_a_naive_reader(outcomes, require):
    """A reader who writes the rule down as sentences comes to the same verdict."""
    run = assembled(outcomes)
    by_check = {f.check: f.outcome for c in run.controls for f in c.findings}
    asked: list[Outcome | None] = []
    for entry in require:
        seen = [o for check, o in by_check.items() if entry in (check, check.partition("/")[0])]
        closed = [o for check, o in by_check.items() if check.partition("/")[0] == entry.partition("/")[0]]
        passed_over = "/" in entry and not seen and closed and set(closed) == {Outcome.NOT_APPLICABLE}
        asked += seen or ([] if passed_over else [None])
    if any(outcome in (None, *UNKNOWN) for outcome in asked):
        expected = Verdict.INCOMPLETE
    elif Outcome.BROKEN in asked:
        expected = Verdict.NOT_MET
    else:
        expected = Verdict.MET
    assert judged(run, require=sorted(require)).verdict is expected
