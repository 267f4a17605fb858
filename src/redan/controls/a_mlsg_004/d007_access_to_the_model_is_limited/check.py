"""Access to the model at the running endpoint: who may ask what, how much, how sharp answers are, what else is open."""

from collections.abc import Iterable
from dataclasses import replace

from redan.controls.a_mlsg_004.d007_access_to_the_model_is_limited.attacks import CHECK as ATTACKS_CHECK
from redan.controls.contract import Have
from redan.controls.live.survey import asked, endpoint_of, findings, probed
from redan.findings import Finding, not_applicable
from redan.probes import checks

FORM = "A-MLSG-004-D007/answers-are-no-finer-than-declared"
_SCORES = "fine-scores"


def _form(check: str, have: Have) -> Iterable[Finding]:
    """What the probe says of scores, against the declared form of answers."""
    record = endpoint_of(have.system, have.subject.elements[0])
    if record.answers != "label" and record.decimals is None:
        text = "Nothing is declared about how sharp answers are (keys 'answers' and 'decimals')."
        return [not_applicable(check, have.subject.id, text)]
    found = [one for one in findings(checks.COPIES, have) if one.part in {_SCORES, ""}]
    return [replace(one, check=check) for one in found]


CHECKS = (
    probed(checks.PER_MODEL),
    probed(checks.BUDGETS),
    asked(FORM, _form),
    ATTACKS_CHECK,
    probed(checks.DIAGNOSTICS),
)
