"""Who sits where: whatever runs ahead, a sample counts as broken by its first stage that breaks it."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.attacks.evasion.board import Board, Run


@settings(deadline=None)
@given(st.data(), st.integers(1, 20), st.integers(1, 5), st.integers(1, 200))
def test_the_lowest_stage_counts(data, n, stages, slots):
    """Lengths of runs and breaks at random: stage, steps and point are those of running one stage after the other."""
    lengths = [[data.draw(st.integers(1, 6)) for _ in range(stages)] for _ in range(n)]
    breaks = [[data.draw(st.integers(0, 3)) == 0 for _ in range(stages)] for _ in range(n)]
    board, clock, seen = Board(n, stages), {}, {}
    while jobs := list(board.seated(slots)):
        assert len(jobs) <= slots
        assert len(set(jobs)) == len(jobs)
        for job in jobs:
            clock[job] = clock.get(job, 0) + 1
        over = {
            place: Run(clock[job], breaks[job.sample][job.stage], torch.tensor([job.sample, job.stage]))
            for place, job in enumerate(jobs)
            if clock[job] == lengths[job.sample][job.stage]
        }
        if over:
            board.over(over)
            ended = board.decided()
            if ended is not None:
                for row, sample in enumerate(ended.samples.tolist()):
                    assert sample not in seen
                    seen[sample] = (bool(ended.broken[row]), int(ended.step[row]), ended.found[row].tolist())
    for sample in range(n):
        last = next((stage for stage in range(stages) if breaks[sample][stage]), stages - 1)
        broken = breaks[sample][last]
        assert seen[sample] == (broken, sum(lengths[sample][: last + 1]) if broken else -1, [sample, last])


def test_nobody_runs_ahead_while_samples_wait():
    """A full board holds first stages only; with seats to spare it holds later ones."""
    board = Board(300, 9)
    assert {job.stage for job in board.seated(200)} == {0}
    assert len(Board(3, 9).seated(200)) == 27
    assert len(Board(30, 9).seated(200)) == 128
    assert len(Board(150, 9, 64).seated(512)) == 192
    assert len(Board(150, 9, 64).seated(160)) == 160
