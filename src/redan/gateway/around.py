"""What a description demands of a model's inputs and answers, as the guards of one generation of it.

Made before the generation goes into service: what cannot be kept stops the start, or the exchange.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from redan.errors import ConfigError
from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import DTYPES, Port, Tensor
from redan.gateway.answering import Policy, calibration_of, scores_of, shaped, told_of
from redan.gateway.generation import Generation
from redan.gateway.local_model import LocalModel
from redan.guards.contract import Inbound
from redan.guards.envelope import Envelope
from redan.guards.own import Around, Needs
from redan.guards.reference import Reference
from redan.guards.scores import score_port
from redan.guards.screen import Screen
from redan.guards.transformation import Change, change_of

_MANY: Final = "the reference does not fit the model"
_AGAIN: Final = "make it anew: redan defend reference"


def around(policy: Policy, one: Generation, valid: Callable[[], bool]) -> Around:
    """The guards of a generation that answers here.

    Args:
        policy: what is declared.
        one: the generation.
        valid: whether inputs still come as those of its calibration did.

    Raises:
        ConfigError: something is declared that cannot be kept for this generation.
    """
    checked = _checked(policy, one)
    change = _change(policy, one)
    scores = scores_of(policy, one.model.outputs, one)
    made = shaped(policy, one.model.inputs, one.model.outputs, scores, calibration_of(policy, one, scores), valid)
    return made._replace(checked=checked, change=change, model=one.model)


def plain(model: LocalModel) -> Around:
    """A model that nothing is declared of."""
    return Around(model.inputs, model.outputs, told_of(model.outputs), model=model)


def plain_behind(inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Around:
    """The same for one behind another server."""
    return Around(inputs, outputs, told_of(outputs))


def around_behind(policy: Policy, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Around:
    """The guards of a model behind another server: those of its answers.

    Args:
        policy: what is declared.
        inputs: as the server describes them.
        outputs: likewise.

    Raises:
        ConfigError: something is declared that cannot be kept for it.
    """
    return shaped(policy, inputs, outputs, scores_of(policy, outputs, None), None, lambda: True)


def refuse_behind(policy: Policy) -> None:
    """Accepts what can be kept for a model behind another server, or raises.

    Raises:
        ConfigError: something is declared that only a sealed model can have.
    """
    wants = {
        "a reference": policy.model.reference,
        "a guard": policy.model.guard,
        "a transformation": policy.model.transformation,
        "a coverage": policy.endpoint.coverage,
    }
    for what, declared in wants.items():
        if declared is not None:
            raise ConfigError(
                f"{what} is kept for sealed models, and a server behind answers",
                where=policy.where,
                remedy="take it out, or serve the model here",
            )


def _checked(policy: Policy, one: Generation) -> tuple[Inbound, ...]:
    found: list[Inbound] = []
    if one.reference is not None:
        found.append(_envelope(policy, one.model, one.reference))
    if one.screen is not None:
        found.append(_screen(policy, one, one.screen))
    return tuple(found)


def _envelope(policy: Policy, model: LocalModel, reference: Reference) -> Envelope:
    ports = {port.name: port for port in model.inputs}
    for name, bounds in reference.bounds.items():
        port = ports.get(name)
        width = -1 if port is None else math.prod(port.shape[1:]) if min(port.shape[1:], default=1) > 0 else 0
        if port is None or port.datatype in {"BYTES", "BOOL"} or width not in {0, len(bounds.low)}:
            raise ConfigError(f"{_MANY}: its input '{name}' is another", where=policy.where, remedy=_AGAIN)
    for name in reference.levels:
        if name not in ports or ports[name].datatype != "BYTES":
            raise ConfigError(f"{_MANY}: its input '{name}' is another", where=policy.where, remedy=_AGAIN)
    fitting = {name: held.of(DTYPES[ports[name].datatype]) for name, held in reference.bounds.items()}
    if reference.whole is None:
        return Envelope(fitting, reference.levels)
    kinds = np.result_type(*(DTYPES[ports[name].datatype] for name in reference.looked))
    whole = reference.whole.of(kinds)
    apart = {name: held for name, held in fitting.items() if name not in reference.looked}  # judged once, not twice
    return Envelope(apart, reference.levels, reference.looked, whole)


def _screen(policy: Policy, one: Generation, screen: Generation) -> Screen:
    if {*screen.model.inputs} != {*one.model.inputs}:
        raise ConfigError(
            f"the guard '{policy.model.guard}' takes other inputs than the model",
            where=policy.where,
            remedy="train it on the same inputs, or take it out",
        )
    port = score_port(screen.model.outputs)
    if port is None or port.shape[1] == 0:
        raise ConfigError(
            f"the guard '{policy.model.guard}' answers neither classes nor one score",
            where=policy.where,
            remedy="export it with one number for each row, or for each class",
        )
    shares = screen.shares.get(port.name)
    if port.shape[1] == 1 and shares is None:
        raise ConfigError(
            f"whether the score '{port.name}' of the guard '{policy.model.guard}' is a share cannot be told",
            where=policy.where,
            remedy="call its output 'probability' or 'logit'",
        )
    needs, model = Needs((port,), [port.name]), screen.model

    def ask(flow: Flow) -> tuple[Tensor, ...]:
        if flow.inference is None:
            raise RefusedError(Refusal(Problem.MALFORMED, "screen"))
        return model.run(model.fed(flow.inference.inputs), *needs)

    return Screen(ask, port, 0.5 if shares else 0.0)


def _change(policy: Policy, one: Generation) -> Change | None:
    text = policy.model.transformation
    known = "" if one.reference is None else one.reference.transformation
    if one.reference is not None and known != (text or ""):
        raise ConfigError(
            f"the reference was made with the transformation '{known}', and '{text or ''}' is declared",
            where=policy.where,
            remedy=_AGAIN,
        )
    if text is None:
        return None
    real = [port for port in one.model.inputs if port.datatype.startswith("FP")]
    if len(real) != 1 or len(one.model.inputs) != 1:
        raise ConfigError(
            "a transformation is kept for models of one input of real numbers", where=policy.where, remedy="take it out"
        )
    if tuple(policy.model.box) != (0.0, 1.0):
        raise ConfigError(
            "a transformation is kept for inputs from 0 to 1", where=policy.where, remedy="take it or 'box' out"
        )
    return change_of(text, real[0].shape, policy.where)
