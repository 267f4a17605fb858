"""The model that is asked: verified bytes in this process, or a server behind it."""

from typing import Protocol

from redan.exchange.flow import Flow
from redan.exchange.tensors import Port, Tensor


class Described(Protocol):
    """What a model takes and gives."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """In order."""
        ...

    @property
    def outputs(self) -> tuple[Port, ...]:
        """In order."""
        ...

    @property
    def version(self) -> str:
        """Of the generation in service."""
        ...

    @property
    def platform(self) -> str:
        """What runs it, in the words of the protocol."""
        ...


class Local(Described, Protocol):
    """A model in this process; it answers at once."""

    def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; notes in the flow which generation gave them.

        Raises:
            RefusedError: the question does not fit the model, or the model failed.
        """
        ...


class Remote(Described, Protocol):
    """A model behind another server."""

    async def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; notes in the flow which generation gave them.

        Raises:
            RefusedError: the server refused, failed, or did not answer in time.
        """
        ...
