"""An outside client that tries at an inference endpoint what must be refused."""

from redan.probes.target import Bounds, Credentials, Declared, Target
from redan.probes.telling import findings_of
from redan.probes.tried import Cost, Probed, Tried
from redan.probes.trying import probe

__all__ = ["Bounds", "Cost", "Credentials", "Declared", "Probed", "Target", "Tried", "findings_of", "probe"]
