"""The dependencies of the pipeline, from its lock files, as CycloneDX components with package URLs and digests."""

from collections.abc import Iterator
from urllib.parse import quote

from redan.artifacts.declared import PIPELINE, located
from redan.canon import Json
from redan.errors import InputError
from redan.files import read_bounded
from redan.measures.dependencies.lock import LIMIT_BYTES, read_lock
from redan.measures.dependencies.names import normal_name
from redan.measures.dependencies.pins import Hash, Pin
from redan.reports.mlbom.parts import hash_of, prop, stated
from redan.system.records import Preprocessor
from redan.system.system import System


def pins_of(system: System) -> tuple[Pin, ...]:
    """Every locked distribution, each name and version once, with the digests of all lock files.

    Args:
        system: the description.

    Returns:
        Sorted; lock files that are missing or cannot be read leave nothing.
    """
    every: dict[tuple[str, str], dict[Hash, None]] = {}
    for pin in _read(system):
        every.setdefault((pin.name, pin.version or ""), {}).update(dict.fromkeys(pin.hashes))
    return tuple(
        Pin(name=name, version=version or None, hashes=tuple(hashes))
        for (name, version), hashes in sorted(every.items())
    )


def _read(system: System) -> Iterator[Pin]:
    for name in system.pipeline.requirements:
        try:
            lock = read_lock(read_bounded(located(system, PIPELINE, "requirements", name), LIMIT_BYTES))
        except (InputError, ValueError):
            continue
        yield from (pin for pin in lock.pins if not pin.own)


def package_url(pin: Pin) -> str:
    """The package URL of a distribution, which is also its reference in the bill."""
    version = f"@{quote(pin.version, safe='')}" if pin.version else ""
    return f"pkg:pypi/{pin.name}{version}"


def library_component(pin: Pin) -> dict[str, Json]:
    """A locked distribution as a component; an installer accepts any of its digests, one per file."""
    url = package_url(pin)
    return stated(
        {
            "type": "library",
            "bom-ref": url,
            "name": pin.name,
            "version": pin.version,
            "purl": url,
            "hashes": [hash_of(h.value, h.algorithm) for h in pin.hashes],
        }
    )


def preprocessor_component(step: Preprocessor) -> dict[str, Json]:
    """A preprocessor as a component; the package that holds it is one of its dependencies."""
    pairs = [("callable", step.callable), ("package", step.package), ("reference", step.reference)]
    return stated(
        {
            "type": "library",
            "bom-ref": f"preprocessor:{step.name}",
            "name": step.name,
            "version": step.version,
            "properties": [
                *(prop(name, value) for name, value in pairs if value is not None),
                prop("third-party", "yes" if step.third_party else "no"),
            ],
        }
    )


def packages_of(step: Preprocessor, pins: tuple[Pin, ...]) -> list[str]:
    """References of the locked distributions that hold a preprocessor."""
    package = normal_name(step.package) if step.package else None
    return [package_url(pin) for pin in pins if pin.name == package]
