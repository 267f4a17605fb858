"""The operators' page as HTML: one template for each part, so that a live page is sent only parts.

Everything is escaped; there is no script in it and no style, so that the policy of the page may forbid both.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined

from redan.gateway import operators as see
from redan.gateway.assembly import Gateway
from redan.gateway.panel import Shown

PARTS: Final = ("alarms", "traffic", "refusals", "budgets", "models", "watched", "ledger", "connections")
_FOLDER: Final = "page"
_FRESH_S: Final = 1.0  # many readers cost as much as one
_AGAIN_MS: Final = 2000


@dataclass(slots=True)
class View:
    """Renders the page of one gateway.

    Args:
        gateway: that runs.
        clock: seconds since the epoch.
    """

    gateway: Gateway
    clock: Callable[[], float] = time.time
    _environment: Environment = field(init=False, repr=False)
    _parts: dict[str, str] = field(default_factory=dict, repr=False)
    _made: float = float("-inf")
    _making: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def __post_init__(self) -> None:
        """Templates are read once."""
        folder = files("redan.gateway").joinpath(_FOLDER)
        named = {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name.endswith(".j2")}
        self._environment = Environment(
            loader=DictLoader(named), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    async def page(self) -> str:
        """All of it."""
        found, parts = self.gateway, await self.parts()
        return self._environment.get_template("page.html.j2").render(
            name=", ".join(found.models),
            version=version("redan"),
            since=see.clock(found.started),
            parts=parts,
        )

    async def parts(self) -> dict[str, str]:
        """Each part by its identifier; made at most once a second, and questions are answered between two parts."""
        async with self._making:
            now = self.clock()
            if not 0 <= now - self._made < _FRESH_S:
                shown = self.gateway.panel.shown()
                for name in PARTS:
                    await asyncio.sleep(0)
                    self._parts[name] = self.part(name, shown, now)
                self._made = now
            return dict(self._parts)

    async def event(self) -> bytes:
        """One event of the stream, and when to ask for the next."""
        return f"retry: {_AGAIN_MS}\ndata: {json.dumps(await self.parts())}\n\n".encode()

    def part(self, name: str, shown: tuple[Shown, ...], now: float) -> str:
        """One part.

        Args:
            name: one of `PARTS`.
            shown: monitors as they stand.
            now: seconds since the epoch.
        """
        found = self.gateway
        told: Mapping[str, Callable[[], object]] = {
            "alarms": lambda: {"found": see.alarms(found, shown, now), "ready": found.ready()},
            "traffic": lambda: see.traffic(found),
            "refusals": lambda: see.refusals(found),
            "budgets": lambda: see.budgets(found, now),
            "models": lambda: see.models(found, now),
            "watched": lambda: see.watched(found, shown),
            "ledger": lambda: see.ledger(found, now),
            "connections": lambda: see.connections(found),
        }
        return self._environment.get_template(f"{name}.html.j2").render(it=told[name]())

    def confirm(self, model: str, current: Mapping[str, object], previous: Mapping[str, object], word: str) -> str:
        """The question before a rollback.

        Args:
            model: name.
            current: in service.
            previous: that would be.
            word: that the form holds.
        """
        return self._environment.get_template("confirm.html.j2").render(
            model=model, current=current, previous=previous, word=word, version=version("redan")
        )

    def said(self, title: str, text: str) -> str:
        """A page that says one thing and leads back."""
        return self._environment.get_template("said.html.j2").render(title=title, text=text, version=version("redan"))


def asset(name: str) -> bytes:
    """A file of the page that is sent as it is.

    Args:
        name: one of the files beside the templates.
    """
    return files("redan.gateway").joinpath(_FOLDER, name).read_bytes()
