"""Input before the model sees it: of whom it is, and whether it is well formed; tried at the running endpoint."""

from redan.controls.live.survey import probed
from redan.probes import checks

CHECKS = (probed(checks.FOREIGN), probed(checks.MALFORMED))
