"""The catalogue as records: one `control.toml` per folder, read strictly, and the checks that lie beside it.

Families and their order are said once, in `FAMILIES`; the controls of a family once, in its `SHELF`.
"""

import importlib
import importlib.util
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationError, model_validator

from redan.controls.contract import Check
from redan.errors import ConfigError
from redan.system.records import Record
from redan.terms import Kind, Level, Property, Stage, ThreatClass, Tier

FAMILIES: tuple[str, ...] = (
    "a_mlsg_001",
    "a_mlsg_002",
    "a_mlsg_003",
    "a_mlsg_004",
    "aips_poi",
    "aips_eva",
    "aips_ora",
    "aips_rep",
    "aips_inf",
    "aips_tra",
    "aips_fbk",
    "aips_dos",
    "aips_pit",
)
_LETTERS = {"D": Kind.DO, "N": Kind.DONT, "C": Kind.CONSIDER}  # the guideline writes the kind into the id
_ID = r"A-MLSG-00[1-4]-[DNC]\d{3}|AIPS-[A-Z]{3}-\d{2}"


def _question(value: str) -> str:
    if not value.endswith("?"):
        raise ValueError("a question ends with a question mark")
    return value


def _title(value: str) -> str:
    if value.endswith((".", "?")):
        raise ValueError("a title is a sentence without its full stop")
    return value


Prose = Annotated[str, Field(min_length=20, max_length=1200, pattern=r"^\S[^\n]*\S$")]
Asked = Annotated[Prose, AfterValidator(_question)]
Title = Annotated[str, Field(min_length=10, max_length=100, pattern=r"^[A-Z][^\n]*$"), AfterValidator(_title)]


class Help(Record):
    """What to do when a control is broken: advice, a command that does it where there is one, and the effort."""

    text: Prose
    command: Annotated[str, Field(pattern=r"^redan [^\n]+$")] | None = None
    effort: Level


class Mapped(Record):
    """One row of the crosswalk: an id of a public taxonomy with its edition, and who says that they match."""

    id: Annotated[str, Field(pattern=r"^(\S+@\S+|\S+:\d{4}|NISTAML\.\d+)$")]
    status: Literal["official", "draft", "ours"]


class Question(Record):
    """One yes/no question of a control; a planned one has no check yet and is `not-run` everywhere."""

    id: Annotated[str, Field(pattern=rf"^({_ID})/[a-z0-9]+(-[a-z0-9]+)*$")]
    question: Asked
    tier: Tier
    planned: StrictBool

    @property
    def name(self) -> str:
        """The part after the control's id, such as `rows-are-not-shared`."""
        return self.id.partition("/")[2]


class Control(Record):
    """One requirement of the catalogue, as its `control.toml` says it.

    Source: the A-MLSG recommended practices and the product-security primer; the wording is redan's own.
    """

    id: Annotated[str, Field(pattern=rf"^({_ID})$")]
    family: str
    folder: str
    kind: Kind
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    title: Title
    question: Asked
    asks: Prose
    motivation: Prose
    threats: Annotated[tuple[ThreatClass, ...], Field(min_length=1)]
    harms: Annotated[tuple[Property, ...], Field(min_length=1)]
    tra: tuple[Annotated[str, Field(pattern=r"^(CD|SW)-\d{2}$")], ...]
    since: Annotated[str, Field(pattern=r"^\d+\.\d+$")]
    remedy: Help
    crosswalk: tuple[Mapped, ...]
    checks: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Control":
        """Ids, folder and kind say the same, and nothing is listed twice."""
        letter = self.id.rpartition("-")[2][0]
        if _LETTERS.get(letter, self.kind) != self.kind:
            raise ValueError(f"id {self.id} is not a {self.kind}")
        words = self.id.lower().split("-")
        family, number = ("_".join(words[:-1]), words[-1])
        prefix = f"{number}_" if family.startswith("a_mlsg") else f"{words[1]}_{number}_"
        if self.family != family or not self.folder.startswith(prefix):
            raise ValueError(f"folder {self.family}/{self.folder} is not named after {self.id}")
        for values in (self.stages, self.threats, self.harms, self.tra, self.crosswalk, self.checks):
            keys = [getattr(value, "id", value) for value in values]
            if len(set(keys)) != len(keys):
                raise ValueError(f"listed twice in {keys}")
        return self

    @property
    def package(self) -> str:
        """The control's folder as an import path."""
        return f"{__package__}.{self.family}.{self.folder}"

    @property
    def live(self) -> tuple[Question, ...]:
        """The questions that a check answers now."""
        return tuple(question for question in self.checks if not question.planned)

    @property
    def planned(self) -> tuple[Question, ...]:
        """The questions whose check comes later: `not-run: no check yet`."""
        return tuple(question for question in self.checks if question.planned)


def load() -> Mapping[str, Control]:
    """Every control by id, in the order of the guideline and then of the primer.

    Returns:
        A read-only mapping, read anew at each call; the caller keeps it.

    Raises:
        ConfigError: a `control.toml` is missing, is not TOML, or says something that a control cannot say.
    """
    controls: dict[str, Control] = {}
    for family in FAMILIES:
        shelf: tuple[str, ...] = importlib.import_module(f"{__package__}.{family}").SHELF
        for folder in shelf:
            place = files(__package__).joinpath(family, folder, "control.toml")
            control = _read(place, family, folder)
            if control.id in controls:
                raise ConfigError(f"{control.id} is on two shelves", where=f"{family}/{folder}/control.toml")
            controls[control.id] = control
    return MappingProxyType(controls)


def parse(text: str, family: str, folder: str) -> Control:
    """A control from the text of its `control.toml`.

    Args:
        text: the TOML; check ids are given without the control's id.
        family: folder of the family, such as `a_mlsg_002`.
        folder: the control's own folder.

    Raises:
        ConfigError: the text is not TOML or says something that a control cannot say; names the first such key.
    """
    where = f"{family}/{folder}/control.toml"
    try:
        raw = tomllib.loads(text)
        owner = raw.get("id")
        checks = [{**check, "id": f"{owner}/{check.get('id')}"} for check in raw.pop("checks", [])]
        return Control.model_validate({**raw, "family": family, "folder": folder, "checks": checks})
    except (tomllib.TOMLDecodeError, RecursionError, AttributeError, TypeError) as error:
        raise ConfigError(f"is not a control: {error}", where=where, remedy="mend the file") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{key or 'control'}: {first['msg']}", where=where, remedy="mend the file") from error


def checks(control: Control) -> tuple[Check, ...]:
    """The checks of one control, imported when asked for.

    Returns:
        Empty when all of the control's questions are planned.
    """
    name = f"{control.package}.check"
    if importlib.util.find_spec(name) is None:
        return ()
    found: tuple[Check, ...] = importlib.import_module(name).CHECKS
    return found


def _read(place: Traversable, family: str, folder: str) -> Control:
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        where = f"{family}/{folder}/control.toml"
        raise ConfigError("is on the shelf but cannot be read", where=where, remedy="install redan again") from error
    return parse(text, family, folder)
