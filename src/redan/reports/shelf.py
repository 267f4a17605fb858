"""The formats that `redan check` and `redan report` can write."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from redan.errors import UsageError
from redan.reports.material import Material

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "text": "redan.reports.text",
        "json": "redan.reports.check_json",
        "html": "redan.reports.html",
        "sarif": "redan.reports.sarif",
        "junit": "redan.reports.junit",
        "oscal": "redan.reports.oscal",
        "md": "redan.reports.markdown",
        "mlbom": "redan.reports.mlbom",
    }
)


def render(format_: str, material: Material) -> bytes:
    """The report in one format.

    Args:
        format_: a key of `FORMATS`.
        material: what to draw.

    Raises:
        UsageError: there is no such format.
    """
    home = FORMATS.get(format_)
    if home is None:
        raise UsageError(f"unknown format {format_!r}", remedy=f"one of {', '.join(FORMATS)}")
    draw: Callable[[Material], bytes] = vars(import_module(home))["render"]
    return draw(material)
