"""The gate: policy over evidence, completeness before judgement."""

from redan.gate.baseline import Baseline, read_baseline, write_baseline
from redan.gate.judge import gate
from redan.gate.judgement import JudgedFinding, Judgement, Reason, Row
from redan.gate.policy import Required, required
from redan.gate.waivers import Waiver, Waivers, read_waivers

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
