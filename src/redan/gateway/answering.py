"""What a description demands of answers, as guards: their form, their digits, sets of classes, and what that tells.

Source: A-MLSG-004-D007; what an answer tells is counted as in `redan.guards.leak`.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from redan.errors import ConfigError
from redan.exchange.tensors import Port
from redan.gateway.generation import Generation
from redan.guards.answer_form import AnswerForm
from redan.guards.conformal import Calibration, Conformal
from redan.guards.contract import Outbound
from redan.guards.leak import Form, told
from redan.guards.own import Around, Needs
from redan.guards.scores import label_ports, score_port
from redan.system.records import Endpoint, Model

_CALIBRATED: Final = frozenset({"probabilities", "top-k"})  # a class is the same, and a score goes out as it is
_FREE: Final = 1000  # numbers of a length that is free


class Policy(NamedTuple):
    """What is declared of one model.

    Args:
        endpoint: as it is described.
        model: as it is described.
        where: for errors.
    """

    endpoint: Endpoint
    model: Model
    where: str

    @property
    def shapes(self) -> bool:
        """Whether answers are shaped at all."""
        end = self.endpoint
        return end.answers != "probabilities" or any(
            one is not None for one in (end.decimals, end.top, end.coverage, end.abstain_above)
        )

    @property
    def classes_alone(self) -> bool:
        """Whether answers are to name the class and nothing else is declared of them."""
        end = self.endpoint
        return end.answers == "label" and end.decimals is end.top is end.coverage is end.abstain_above is None


class Scores(NamedTuple):
    """The output of scores, and what is known of it."""

    port: Port
    classes: int
    shares: bool | None


def told_of(ports: tuple[Port, ...]) -> float:
    """Unknowns that the answer to one row tells at most, when answers are not shaped: one for each number.

    Args:
        ports: outputs of a model; a length that is free counts as a thousand.
    """
    return float(sum(math.prod(_FREE if n < 0 else n for n in port.shape[1:]) for port in ports))


def scores_of(policy: Policy, outputs: tuple[Port, ...], one: Generation | None) -> Scores | None:
    """The output that answers are shaped by.

    Args:
        policy: what is declared.
        outputs: of the model.
        one: the generation; None when a server behind answers.

    Returns:
        None when nothing is shaped, or the model names classes alone and nothing more is to be told.

    Raises:
        ConfigError: there is no such output.
    """
    if not policy.shapes:
        return None
    reference = None if one is None else one.reference
    named = None if reference is None else next((port for port in outputs if port.name == reference.output), None)
    port = named or score_port(outputs)
    if port is None and policy.classes_alone and label_ports(outputs):
        return None
    if port is None:
        raise ConfigError(
            "answers are shaped, and the model has no output of one number for each class",
            where=policy.where,
            remedy="export it with one, or take answers, decimals, top and coverage out",
        )
    held = None if reference is None else reference.calibration
    width = port.shape[1]
    classes = held.classes if held is not None else max(2, width) if width > 0 else _FREE
    shares = True if "prob" in port.name.lower() else None
    if held is not None:
        shares = not held.logits
    elif one is not None:
        shares = one.shares.get(port.name)
    return Scores(port, classes, shares)


def calibration_of(policy: Policy, one: Generation, scores: Scores | None) -> Calibration | None:
    """What conformal sets are made from.

    Args:
        policy: what is declared.
        one: the generation.
        scores: the output that answers are shaped by.

    Returns:
        None when none are declared.

    Raises:
        ConfigError: there is no calibration, or too few rows for the coverage.
    """
    end = policy.endpoint
    if end.coverage is None:
        if end.abstain_above is not None:
            raise ConfigError("abstain_above says nothing without coverage", where=policy.where, remedy="give coverage")
        return None
    if policy.model.task != "classification":
        raise ConfigError("coverage is kept for classes", where=policy.where, remedy="take it out")
    held = None if one.reference is None else one.reference.calibration
    if held is None or scores is None or one.reference is None or one.reference.output != scores.port.name:
        raise ConfigError(
            "coverage is declared, and no calibration of the model is sealed with it",
            where=policy.where,
            remedy="make one with rows that it was not trained on: redan defend reference --calibration",
        )
    if scores.port.shape[1] > 0 and max(2, scores.port.shape[1]) != held.classes:
        raise ConfigError(
            f"the reference does not fit the model: it has {held.classes} classes",
            where=policy.where,
            remedy="make it anew: redan defend reference",
        )
    if one.reference.guard != ("" if one.screen is None else one.screen.sha256):
        raise ConfigError(
            "the calibration was made with another guard than the declared one, which refuses other rows",
            where=policy.where,
            remedy="make it anew: redan defend reference --guard",
        )
    least = math.ceil(1 / (1 - end.coverage) - 1e-9) - 1
    few = [k for k, found in enumerate(held.scores) if len(found) < least]
    if few:
        raise ConfigError(
            f"a coverage of {end.coverage:g} takes {least:,} calibration rows of each class, and class {few[0]} has "
            f"{len(held.scores[few[0]]):,}",
            where=policy.where,
            remedy="calibrate with more rows, or declare a lower coverage",
        )
    return held


def shaped(  # noqa: PLR0917 -- what a model is, and what is declared of it
    policy: Policy,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    scores: Scores | None,
    calibration: Calibration | None,
    valid: Callable[[], bool],
) -> Around:
    """The guards of answers, what clients are told of them, and what they tell of the model.

    Args:
        policy: what is declared.
        inputs: of the model.
        outputs: of the model.
        scores: the output that answers are shaped by; None for answers as they are.
        calibration: of it; None without sets.
        valid: whether inputs still come as those of the calibration did.

    Raises:
        ConfigError: something is declared that says nothing, or cannot be kept.
    """
    end = policy.endpoint
    if scores is None and not policy.shapes:
        return Around(inputs, outputs, told_of(outputs))
    labels = label_ports(outputs)
    if scores is None:
        row = len(labels) * told(Form("labels", _FREE))
        return Around(inputs, labels, row, needs=Needs(labels, [one.name for one in labels]))
    _refuse_idle(policy, scores)
    port = scores.port
    guards: list[Outbound] = []
    added: tuple[Port, ...] = ()
    row = told(_form(end, scores, calibrated=calibration is not None))
    row += len(labels) * told(Form("labels", scores.classes))
    if calibration is not None and end.coverage is not None:
        most = end.abstain_above or max(1, calibration.classes - 1)
        sets = Conformal(port, calibration, 1.0 - end.coverage, most, valid, shown=end.answers in _CALIBRATED)
        added = sets.ports
        row += told(Form("set", calibration.classes))
        guards.append(sets)
    others = frozenset(one.name for one in (*labels, *added))
    middle = 0.0 if scores.shares is False else 0.5
    checked = calibration is not None
    guards.append(AnswerForm(port, end.answers, end.top or 1, end.decimals, others, middle, checked))
    needed = tuple(one for one in outputs if one is port or one in labels)
    return Around(
        inputs, (*needed, *added), row, outbound=tuple(guards), needs=Needs(needed, [one.name for one in needed])
    )


def _refuse_idle(policy: Policy, scores: Scores) -> None:
    """What is declared and says nothing here."""
    end, width = policy.endpoint, scores.port.shape[1]
    if end.top is not None and end.answers != "top-k":
        raise ConfigError("top says nothing without answers = 'top-k'", where=policy.where, remedy="give both")
    if end.answers == "top-k" and end.top is None:
        raise ConfigError("answers of the first classes need their number", where=policy.where, remedy="give top")
    if end.answers == "top-k" and width == 1:
        raise ConfigError(
            "one column cannot leave a class out", where=policy.where, remedy="say answers = 'label', or give decimals"
        )
    if end.answers == "label" and end.decimals is not None:
        raise ConfigError("a class has no decimals", where=policy.where, remedy="take decimals out")
    if end.answers == "label" and width == 1 and scores.shares is None:
        raise ConfigError(
            f"whether '{scores.port.name}' is a share or a score cannot be told, so neither can the class",
            where=policy.where,
            remedy="call it 'probability' or 'logit', or declare a reference",
        )


def _form(end: Endpoint, scores: Scores, *, calibrated: bool) -> Form:
    """The form of the scores as the leak budget counts it; numbers without bounds count whole, however rounded."""
    size = scores.classes if scores.port.shape[1] != 1 else 2
    bounded = scores.shares is True or (calibrated and end.answers != "score")
    if end.answers == "label":
        return Form("labels", size)
    digits = end.decimals if bounded else None
    if end.answers == "top-k":
        return Form("shown", size, digits, min(end.top or 1, size))
    return Form("probabilities", size, digits) if bounded else Form("values", max(1, scores.port.shape[1]), None)
