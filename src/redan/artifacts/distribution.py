"""A model's signed distribution as a site would find it: what it offers, and which attacks a client refuses."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import located
from redan.canon import Json, digest_of
from redan.errors import InputError, RedanError
from redan.extras import missing_import
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The folder that sites pull a model from.

    Args:
        element: element id, such as `model:churn`.
        fault: why a client refuses it, expiry apart; the empty string when it does not.
        stamp: SHA-256 of the timestamp metadata, which binds everything else.
        versions: of the metadata, by role; empty when it is refused.
        expires: when each role's metadata expires, UTC; empty when it is refused.
        version: of the newest release of the model; the empty string when there is none.
        root: root digest of its seal.
        files: SHA-256 of its files.
        unsound: how many of its files a site would miss or refuse.
        played: (attack, whether it was refused, the client's words) of each attack that was rehearsed.
        shared: pairs of roles that one key may sign for.
    """

    element: str
    fault: str = ""
    stamp: str = ""
    versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    expires: Mapping[str, dt.datetime] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""
    root: str = ""
    files: frozenset[str] = frozenset()
    unsound: int = 0
    played: tuple[tuple[str, bool, str], ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over everything that was found."""
        found: dict[str, Json] = {
            "said": [self.fault, self.stamp, self.version, self.root, self.unsound],
            "versions": dict(self.versions),
            "expires": {role: when.isoformat() for role, when in self.expires.items()},
            "files": tuple(sorted(self.files)),
            "played": self.played,
            "shared": self.shared,
        }
        return digest_of(found)


def distribution(system: System, element: str) -> Artifact | Absent:
    """The distribution of a model, examined; absent when none is declared, or before operation while there is none.

    Raises:
        InputError: the declared folder is missing or is none; names file and line.
    """
    record = system.elements.get(element)
    if not isinstance(record, Model) or record.distribution is None:
        return Absent(element, "no distribution is declared")
    package = missing_import("tuf")
    if package is not None:
        return Absent(element, f"{package} is not installed (pip install 'redan[tuf]')")
    folder = located(system, element, "distribution", record.distribution)
    first = folder / "metadata" / "1.root.json"
    if not first.exists() and system.about.stage is not Stage.OPERATION:
        return Absent(element, f"{record.distribution} holds no distribution yet")
    from redan.seal.distribution.rehearsal import examine

    where = f"{system.origin.file}:{system.line(element, 'distribution')}"
    try:
        found = examine(folder, record.name)
    except RedanError as error:
        raise InputError(
            f"{element}: {record.distribution} is no distribution: {error.what}", where=where, remedy=error.remedy
        ) from error
    release, standing = found.release, found.standing
    return Distribution(
        element=element,
        fault=found.fault,
        stamp=found.stamp,
        versions={} if standing is None else dict(standing.versions.items()),
        expires={} if standing is None else dict(standing.expires.items()),
        version="" if release is None else release.version,
        root="" if release is None else release.root,
        files=frozenset() if release is None else frozenset(file.target.sha256 for file in release.files),
        unsound=found.unsound,
        played=tuple((one.attack, one.refused, one.said) for one in found.played),
        shared=found.shared,
    )
