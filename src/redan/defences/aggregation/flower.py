"""A strategy for Flower that combines updates by a rule of ours and stops when its assumption fails."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from redan.defences.aggregation.assumptions import Rule, least_participants
from redan.defences.aggregation.rules import aggregate
from redan.errors import InputError, MissingExtraError


def flower_strategy(rule: Rule, bad: int, **options: Any) -> Any:  # noqa: ANN401 -- Flower's own types, loaded lazily
    """A `flwr.serverapp.strategy.Strategy` that withstands a number of bad participants.

    With too few replies Flower's own robust strategies carry on, or skip the round; this one raises.

    Args:
        rule: how updates are combined.
        bad: participants that may send anything.
        options: of Flower's `FedAvg`; `min_train_nodes` is raised to what the rule needs.

    Raises:
        InputError: the rule withstands no bad participant.
        MissingExtraError: Flower is not installed.
    """
    least = least_participants(rule, bad)
    if least is None:
        raise InputError("a mean withstands no bad participant", remedy="choose a robust rule")
    try:
        from flwr.serverapp.strategy import FedAvg
    except ImportError as error:
        raise MissingExtraError("flower", "flwr") from error
    nodes = max(least, int(options.pop("min_train_nodes", 2)))
    available = max(nodes, int(options.pop("min_available_nodes", 2)))
    robust = type("Robust", (FedAvg,), {"aggregate_train": _combining(rule, bad)})
    return robust(min_train_nodes=nodes, min_available_nodes=available, **options)


def _combining(rule: Rule, bad: int) -> Callable[[Any, int, Iterable[Any]], tuple[Any, Any]]:
    def aggregate_train(self: Any, server_round: int, replies: Iterable[Any]) -> tuple[Any, Any]:  # noqa: ANN401
        """The combined arrays and metrics of a round; (None, None) without replies.

        Raises:
            InputError: the assumption on bad participants does not hold in this round.
        """
        from flwr.app import Array, ArrayRecord

        del server_round
        contents = [message.content for message in replies if not message.has_error()]
        if not contents:
            return None, None
        key = next(iter(contents[0].array_records))
        parts = [[array.numpy() for array in content[key].values()] for content in contents]
        combined = aggregate(np.stack([np.concatenate([p.reshape(-1) for p in one]) for one in parts]), rule, bad)
        start, arrays = 0, {}
        for name, like in zip(contents[0][key], parts[0], strict=True):
            piece = combined[start : start + like.size].reshape(like.shape).astype(like.dtype)
            arrays[name], start = Array(piece), start + like.size
        return ArrayRecord(arrays), self.train_metrics_aggr_fn(contents, self.weighted_by_key)

    return aggregate_train
