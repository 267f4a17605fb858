"""Who may ask which model; a model that is not there and one that is not allowed are the same answer.

Source: A-MLSG-004-D003, AIPS-TRA-02.
"""

from collections.abc import Callable
from dataclasses import dataclass

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal


@dataclass(frozen=True, slots=True)
class Authorise:
    """Lets a principal ask the models that are named for it.

    It can stand before the signature is looked at: what it tells a sender whose key is known, the same sender is told
    by asking about the model, which needs no signature.

    Args:
        serves: whether a model is in service, in the version that the path names (the empty string for any).
        astray: claims what a request costs that goes to nothing, so that nobody tries names for free.
    """

    serves: Callable[[str, str], bool]
    astray: Callable[[Flow], Refusal | None] = lambda flow: None  # noqa: ARG005
    name: str = "authorisation"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Passes, or refuses as if the model were not there."""
        identity = flow.identity
        if identity is None:
            return Refusal(Problem.UNAUTHENTICATED, self.name)
        allowed = flow.model in identity.models or "*" in identity.models
        if not allowed or not self.serves(flow.model, flow.version):
            return self.astray(flow) or Refusal(Problem.UNKNOWN, self.name)
        return None
