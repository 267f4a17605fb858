"""Input on its way to the model: every hop protected, and what was altered, replayed or kept back refused."""

from redan.controls.a_mlsg_004.d001_inference_data_is_protected_against_tampering.hops import HOPS, hops, models
from redan.controls.contract import Check
from redan.controls.live.survey import probed
from redan.probes import checks

CHECKS = (
    Check(id=HOPS, subjects=models, run=hops),
    probed(checks.ALTERED),
    probed(checks.REPLAYED),
)
