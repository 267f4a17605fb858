"""Files that a `[[model]]` names beside itself, one key each: where they are and what their bytes are."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from redan.artifacts.absent import Absent
from redan.artifacts.declared import declared_paths, digested
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """The file behind one key of a `[[model]]`.

    Args:
        element: element id, such as `model:churn`.
        name: its path as the description gives it.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    key: ClassVar[str]
    absent: ClassVar[str]

    element: str
    name: str
    path: Path
    digest: str

    @classmethod
    def of(cls, system: System, element: str) -> "ModelPart | Absent":
        """The declared file, digested; absent when none is declared.

        Args:
            system: the description.
            element: of a model; other elements have none.

        Raises:
            InputError: the declared file is missing or unreadable.
        """
        for key, name in declared_paths(system, element, (cls.key,)):
            found = digested(system, element, key, name)
            if isinstance(found, Absent):
                return found
            return cls(element=element, name=name, path=found[0], digest=found[1])
        return Absent(element, f"{cls.absent} (key '{cls.key}')")


class CanariesFile(ModelPart):
    """The secret list of canaries that its training data was given."""

    __slots__ = ()
    key = "canaries"
    absent = "no canaries were planted in its training data"


class PrivacyRecordFile(ModelPart):
    """The record of its private training."""

    __slots__ = ()
    key = "privacy"
    absent = "no record of private training is declared"


class ReferenceFile(ModelPart):
    """What was measured of it on real data, for the time of service."""

    __slots__ = ()
    key = "reference"
    absent = "no reference of the model is declared"


class RulesFile(ModelPart):
    """The rules of a table's columns that an attacker keeps to."""

    __slots__ = ()
    key = "constraints"
    absent = "no rules of columns are declared"


class ShadowsFile(ModelPart):
    """The scores of its shadows."""

    __slots__ = ()
    key = "shadows"
    absent = "no scores of shadows are declared"
