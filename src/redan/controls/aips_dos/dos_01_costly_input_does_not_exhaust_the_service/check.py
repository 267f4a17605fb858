"""Costly input at the running endpoint: giants, and clients that take their time."""

from redan.controls.live.survey import probed
from redan.probes import checks

CHECKS = (probed(checks.GIANT), probed(checks.SLOW, adjustable=True))
