"""The gate: policy over evidence, completeness before judgement."""

from redan.gating.baseline import Baseline, read_baseline, write_baseline
from redan.gating.judge import gate
from redan.gating.judgement import JudgedFinding, Judgement, Reason, Row
from redan.gating.policy import Required, required
from redan.gating.waivers import Waiver, Waivers, read_waivers

__all__ = [
    "Baseline",
    "JudgedFinding",
    "Judgement",
    "Reason",
    "Required",
    "Row",
    "Waiver",
    "Waivers",
    "gate",
    "read_baseline",
    "read_waivers",
    "required",
    "write_baseline",
]
