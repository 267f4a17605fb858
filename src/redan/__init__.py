"""redan: AI product security as executable, signed evidence.

The public face: `read` a system, `plan` and `run` its checks, `attest` the results, `gate` the evidence.
Names are imported on first use, so that `import redan` stays cheap.
"""

from importlib import import_module

# Not from typing: `python -m redan` imports this file while the folder it is called in is still on the path.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from redan.evidence import attest as attest
    from redan.gating import gate as gate
    from redan.runner.plan import plan as plan
    from redan.runner.run import run as run
    from redan.system.read import read as read

__version__ = "0.1.0"
__all__ = ["__version__", "attest", "gate", "plan", "read", "run"]

_HOMES = {
    "read": "redan.system.read",
    "plan": "redan.runner.plan",
    "run": "redan.runner.run",
    "attest": "redan.evidence",
    "gate": "redan.gating",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'redan' has no attribute {name!r}")
    return vars(import_module(_HOMES[name]))[name]
