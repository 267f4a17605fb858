"""`redan model card`: what is known about a model, as a card for people or as a component of a bill of materials."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import ConfigError

if TYPE_CHECKING:
    from redan.reports.material import Material
    from redan.system.records import Model
    from redan.system.system import System


def model_card(
    model: Annotated[str, typer.Argument(metavar="NAME", help="Name of a [[model]] in redan.toml.")],
    file: Annotated[
        Path, typer.Option("--dir", metavar="PATH", help="Folder of redan.toml, or the file itself.")
    ] = Path(),
    output: Annotated[
        Literal["markdown", "json"], typer.Option("--format", help="Markdown, or a CycloneDX 1.7 component.")
    ] = "markdown",
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here; standard output if left out.")
    ] = None,
    _quiet: Annotated[bool, typer.Option("--quiet", help="Only the card, no remarks.")] = False,
) -> None:
    """Write a model's card.

    Answers come from redan.toml, from the model's file and, where there is some, from the last evidence, which is
    verified first. What nobody stated or measured says "not stated".

    Args:
        model: its name.
        file: the description.
        output: `markdown` or `json`.
        target: where to write.

    Raises:
        ConfigError: there is no such model.
        InvalidError: the last evidence is not what the signer made.
    """
    from redan.files import write_atomic
    from redan.reports import model_card as card
    from redan.reports.mlbom.model import model_component
    from redan.reports.model_facts import model_facts
    from redan.system.read import read

    system = read(file)
    found = _model(system, model)
    facts = model_facts(system, found, _last(system))
    component = json.dumps(model_component(facts), indent=2, ensure_ascii=False) + "\n"
    written = card.render(facts) if output == "markdown" else component.encode()
    if target is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    else:
        write_atomic(target, written)


def _model(system: "System", name: str) -> "Model":
    found = next((m for m in system.models if m.name == name), None)
    if found is None:
        known = ", ".join(m.name for m in system.models) or "none is described"
        raise ConfigError(f"no model is called {name!r}", where=system.origin.file, remedy=f"known: {known}")
    return found


def _last(system: "System") -> "Material | None":
    """The last evidence as it stands today; None when nothing was checked yet."""
    from redan.cli.material import material_of
    from redan.cli.report import as_of_today
    from redan.cli.state import State
    from redan.evidence import verify
    from redan.evidence.form import PACK_LIMIT_BYTES
    from redan.files import read_bounded
    from redan.seal.keys import load_public

    state = State(system.origin.root)
    state.check()
    if not state.evidence.exists():
        return None
    public = load_public(state.public)
    verified = verify(read_bounded(state.evidence, PACK_LIMIT_BYTES), public)
    state.check_newest(verified, public)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    judging, results = as_of_today(system, verified, now)
    return material_of(judging, results, judging.judge(results, now), verified)
