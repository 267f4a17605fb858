"""A model in service: one generation at a time, exchanged between two requests, the one before it kept."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from redan.canon import Json
from redan.errors import InputError, InvalidError, RedanError, UsageError
from redan.exchange.flow import Flow
from redan.exchange.tensors import Port, Tensor
from redan.gateway.around import plain
from redan.gateway.generation import Generation, Place, load_generation, still_sealed
from redan.gateway.local_model import LocalModel
from redan.guards.own import Around


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
        fitted: the guards of a generation, made before it goes into service; raises `RedanError` where what is
            declared cannot be kept for it.
    """

    name: str
    place: Place
    current: Generation
    previous: Generation | None = None
    fault: str = ""
    checked: float = 0.0
    told: Callable[[str, str, dict[str, Json]], None] = field(default=lambda name, what, about: None)  # noqa: ARG005
    fitted: Callable[[Generation], Around] = field(default=lambda one: plain(one.model))

    def __post_init__(self) -> None:
        """The generation at the start gets its guards, too."""
        self.current = self._with_guards(self.current)

    @property
    def around(self) -> Around:
        """The generation in service with its guards."""
        return self.current.around or plain(self.current.model)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What the generation in service takes."""
        return self.around.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What clients are given of it."""
        return self.around.outputs

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
        """What the generation in service takes, and what clients are given of it."""
        return self.around[:2]

    def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or those that guards need; see `redan.gateway.upstream.Local`.

        The generation that the guards of the question belonged to answers, whatever was exchanged since.
        """
        around = flow.around
        model: LocalModel = self.current.model if around is None else around.model
        return model.ask(flow)

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
        fresh = self._with_guards(fresh)
        if _ports(fresh) != _ports(old):
            self.told(self.name, "swap-refused", {"reason": "other inputs or outputs"})
            raise InvalidError(
                "takes or gives something else than the model in service",
                where=f"model:{self.name}",
                remedy="stop and start the gateway, so that guards and clients know",
            )
        self.fault = ""
        if fresh.same(old):
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

    def _with_guards(self, one: Generation) -> Generation:
        if one.around is not None:
            return one
        try:
            return replace(one, around=self.fitted(one))
        except RedanError as error:
            self.told(self.name, "swap-refused", {"reason": type(error).__name__})
            raise


def _ports(one: Generation) -> tuple[tuple[Port, ...], ...]:
    shown = () if one.around is None else one.around.outputs
    return one.model.inputs, one.model.outputs, shown
