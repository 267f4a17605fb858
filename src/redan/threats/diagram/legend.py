"""The key below the picture: shapes, lines and risks that occur, and flows whose label was too long."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from redan.threats.diagram.graph import KINDS, Graph
from redan.threats.diagram.routes import Route
from redan.threats.diagram.shapes import outline
from redan.threats.diagram.text import escaped, width, wrap
from redan.threats.records import RiskLevel

_LINE, _ROW, _SIZE = 17.0, 30.0, 12.0
_LINES = {
    "implied": "implied by the description",
    "none": "declared, unprotected",
    "tls": "TLS",
    "mtls": "mutual TLS",
    "signed": "signed",
}


class Weighed(Protocol):
    """Something with a worst risk."""

    @property
    def worst(self) -> RiskLevel:
        """The highest risk."""


def legend(graph: Graph, arrows: tuple[Route, ...], badges: Iterable[Weighed], wide: float) -> tuple[str, float]:
    """The key and its height.

    Args:
        graph: what is drawn.
        arrows: with the numbers that labels refer to.
        badges: whose colours are explained.
        wide: room from left to right, in pixels.
    """
    if not graph.nodes:
        return "", 0.0
    parts, x, y = ['<text class="head" x="0" y="0">Key</text>'], 0.0, 22.0
    for picture, words, w in _entries(graph, {badge.worst for badge in badges}):
        need = w + 10 + width(words, _SIZE) + 22
        if x and x + need > wide:
            x, y = 0.0, y + _ROW
        parts.append(
            f'<g transform="translate({_n(x)} {_n(y)})">{picture}'
            f'<text class="key" x="{_n(w + 8)}" y="4">{escaped(words)}</text></g>'
        )
        x += need
    y += _ROW
    for line in _numbered(arrows, wide):
        parts.append(f'<text class="key" x="0" y="{_n(y)}">{escaped(line)}</text>')
        y += _LINE
    return "".join(parts), y + 14


def _entries(graph: Graph, worst: set[RiskLevel]) -> Iterator[tuple[str, str, float]]:
    words = {"dataset": "data set", "preprocessor": "preprocessing, features", "client": "client, person"}
    alike = {"feature": "preprocessor", "person": "client"}
    present = {alike.get(node.kind, node.kind) for node in graph.nodes}
    for kind in KINDS:
        if kind in present:
            yield outline(kind, 0, -10, 34, 20), words.get(kind, kind), 34
    lines = {edge.protection or "implied" for edge in graph.edges}
    for style, meaning in _LINES.items():
        if style in lines:
            hollow = '<path class="line hollow" d="M0 0H34"/>' if style == "signed" else ""
            yield f'<path class="line {style}" d="M0 0H34"/>{hollow}', meaning, 34
    if any(zone.declared for zone in graph.zones):
        yield '<rect class="frame" x="0" y="-9" width="34" height="18" rx="5"/>', "trust boundary", 34
    if any(not zone.declared for zone in graph.zones):
        yield '<rect class="frame site" x="0" y="-9" width="34" height="18" rx="5"/>', "site of a third party", 34
    for risk in RiskLevel:
        if risk in worst:
            disc = f'<rect class="risk-{risk}" x="0" y="-9.5" width="20" height="19" rx="9.5"/>'
            yield f'{disc}<text class="badge on-{risk}" x="10" y="4">n</text>', f"threats, worst is {risk}", 20


def _numbered(arrows: tuple[Route, ...], wide: float) -> Iterator[str]:
    for route in arrows:
        if route.number is not None:
            for line in route.edge.flows:
                yield from wrap(f"F{route.number}  {line}", _SIZE, wide, 3)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
