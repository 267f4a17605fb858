"""Each model's own guards: those of its inputs and its answers, exchanged with it.

What answers is chosen once for a request, when its question has been decoded: the envelope, the model and the shape of
the answer are then of one and the same generation, whatever is exchanged meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from redan.exchange.flow import Answer, Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Port
from redan.guards.contract import Inbound, Outbound


class Needs(NamedTuple):
    """What a model is asked for, whatever a client wants of it.

    Args:
        ports: outputs.
        names: of them.
    """

    ports: tuple[Port, ...]
    names: list[str]


class Around(NamedTuple):
    """What stands around one generation of a model; made before it goes into service.

    Args:
        inputs: that it takes.
        outputs: that clients are told of.
        row: unknowns of the model that the answer to one row tells at most.
        checked: guards of its inputs.
        outbound: guards of its answers.
        needs: outputs that those need; None where the client's choice is all that is asked for.
        change: of inputs of real numbers before the model sees them; None for none.
        model: the generation itself; None when a server behind answers.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    row: float
    checked: tuple[Inbound, ...] = ()
    outbound: tuple[Outbound, ...] = ()
    needs: Needs | None = None
    change: Callable[[Array], Array] | None = None
    model: Any = None


@dataclass(frozen=True, slots=True)
class OwnGuards:
    """The guards of whatever model is asked.

    Args:
        around: of a model in service, by its name; None for one that is not there yet.
    """

    around: Callable[[str], Around | None]
    name: str = "own-guards"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Chooses what answers, and asks the guards of its inputs."""
        flow.around = around = self.around(flow.model)
        if around is None:
            return Refusal(Problem.UNREADY, self.name)
        for guard in around.checked:
            refused = guard.inbound(flow)
            if refused is not None:
                return refused
        return None

    def outbound(self, flow: Flow) -> Refusal | None:
        """Asks the guards of its answers, then leaves the outputs that were asked for."""
        around: Around | None = flow.around
        if around is None:
            return Refusal(Problem.BROKEN, self.name)
        if around.needs is None:
            return None
        for guard in around.outbound:
            refused = guard.outbound(flow)
            if refused is not None:
                return refused
        asked, given = flow.inference, flow.answer
        if asked is None or given is None:
            return Refusal(Problem.BROKEN, self.name)
        if asked.outputs:
            made = {tensor.name: tensor for tensor in given.outputs}
            if any(one.name not in made for one in asked.outputs):
                return Refusal(Problem.BROKEN, self.name)
            flow.answer = Answer(tuple([made[one.name] for one in asked.outputs]), given.parameters)
        return None
