"""A model in service: one generation at a time, exchanged between two requests, the one before it kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from redan.canon import Json
from redan.errors import InputError, InvalidError, RedanError, UsageError
from redan.exchange.flow import Flow
from redan.exchange.tensors import Port, Tensor
from redan.gateway.generation import Generation, Place, load_generation, still_sealed


@dataclass(slots=True)
class Service:
    """What answers for one model.

    Exchanging is one assignment: a request is answered by the generation before it or by the one after it, and none is
    lost. What is in memory stays as it was verified; what lies on the disk is verified again and again.

    Args:
        name: of the model.
        place: where its generations lie.
        current: in service.
        previous: kept for a rollback; None before the first exchange.
        fault: why what lies on the disk is not what was sealed; the empty string while all is well.
        checked: seconds since the epoch of the last verification.
        told: is told what happened to the model, for the ledger.
    """

    name: str
    place: Place
    current: Generation
    previous: Generation | None = None
    fault: str = ""
    checked: float = 0.0
    told: Callable[[str, str, dict[str, Json]], None] = field(default=lambda name, what, about: None)  # noqa: ARG005

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What the generation in service takes."""
        return self.current.model.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What it gives."""
        return self.current.model.outputs

    @property
    def version(self) -> str:
        """What it is called."""
        return self.current.model.version

    @property
    def platform(self) -> str:
        """What runs it."""
        return self.current.model.platform

    @property
    def ports(self) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        """Inputs and outputs of the generation in service."""
        return self.current.model.ports

    def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; see `redan.gateway.upstream.Local`."""
        return self.current.model.ask(flow)

    def load(self) -> Generation:
        """What lies there now, verified; may take seconds, and belongs into a thread.

        Raises:
            RedanError: it is not sealed, or cannot be loaded.
        """
        try:
            return load_generation(self.place)
        except RedanError as error:
            self.told(self.name, "swap-refused", {"reason": type(error).__name__})
            raise

    def swap(self, fresh: Generation) -> None:
        """Puts a generation into service and keeps the one before it.

        Raises:
            InvalidError: it is an older release, or takes and gives something else.
        """
        old = self.current
        if old.release is not None and (fresh.release is None or fresh.release < old.release):
            self.told(self.name, "swap-refused", {"reason": "older release"})
            raise InvalidError(
                f"release {fresh.release} is older than release {old.release}, which is in service",
                where=f"model:{self.name}",
                remedy="pull the newest one, or roll back by name",
            )
        if _ports(fresh) != _ports(old):
            self.told(self.name, "swap-refused", {"reason": "other inputs or outputs"})
            raise InvalidError(
                "takes or gives something else than the model in service",
                where=f"model:{self.name}",
                remedy="stop and start the gateway, so that guards and clients know",
            )
        self.fault = ""
        if fresh.sha256 == old.sha256 and fresh.model.version == old.model.version:
            return
        self.previous, self.current = old, fresh
        self.told(self.name, "swapped", fresh.told())

    def rollback(self) -> None:
        """Puts the generation before this one back; this one is kept.

        Raises:
            UsageError: there is none.
        """
        if self.previous is None:
            raise UsageError("there is no generation before this one", where=f"model:{self.name}")
        self.previous, self.current = self.current, self.previous
        self.told(self.name, "rolled-back", self.current.told())

    def verify(self, now: float) -> bool:
        """Verifies again what lies on the disk; may take seconds, and belongs into a thread.

        Args:
            now: seconds since the epoch.

        Returns:
            Whether it is sealed; a newer sealed model that waits for its exchange is.
        """
        found = ""
        try:
            still_sealed(self.place, self.current)
        except (InvalidError, InputError, UsageError) as error:
            found = type(error).__name__
        if found and not self.fault:
            self.told(self.name, "seal-broken", {"reason": found})
        self.fault, self.checked = found, now
        return not found


def _ports(one: Generation) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    return one.model.inputs, one.model.outputs
