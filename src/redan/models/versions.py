"""Versions of loaders: one with a published fault is not handed a file."""

from importlib.metadata import PackageNotFoundError, version

from redan.errors import IncompleteError, MissingExtraError
from redan.extras import missing_import
from redan.scan.advice import faults, older


def required(extra: str, package: str) -> str:
    """The installed version of a loader, when it may be used.

    Such as torch: `weights_only` is no protection before 2.6 (CVE-2025-32434) and 2.10 (CVE-2026-24747).

    Args:
        extra: the extra that brings it.
        package: its distribution.

    Returns:
        The version, for the evidence.

    Raises:
        MissingExtraError: it is not installed.
        IncompleteError: a fault is published for this version that a later one does not have.
    """
    missing = missing_import(extra)
    if missing is not None:
        raise MissingExtraError(extra, missing)
    try:
        found = version(package)
    except PackageNotFoundError as error:
        raise MissingExtraError(extra, package) from error
    for fault in faults():
        if fault.package == package and fault.fixed and older(found, fault.fixed):
            raise IncompleteError(
                f"{package} {found} may not load models, {fault.reference}: {fault.what}",
                remedy=f"pip install '{package}>={fault.fixed}'",
            )
    return found
