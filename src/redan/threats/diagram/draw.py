"""The scene as SVG: self-contained, without scripts, fonts or links, the same bytes for the same system."""

from collections.abc import Mapping
from typing import NamedTuple

from redan.threats.diagram.graph import Graph
from redan.threats.diagram.legend import legend
from redan.threats.diagram.routes import HEAD, Label, Point, Route, routes
from redan.threats.diagram.scene import Card, Frame, Scene, scene
from redan.threats.diagram.shapes import outline
from redan.threats.diagram.style import sheet
from redan.threats.diagram.text import escaped, width, wrap
from redan.threats.records import RiskLevel

_MARGIN, _TITLE, _LEAST = 28.0, 58.0, 640.0
_NAME_LINE, _CAPTION_LINE, _LABEL_LINE, _ZONE_LINE = 18.0, 15.0, 14.0, 16.0


class Badge(NamedTuple):
    """How many threats an element has, and the worst risk among them."""

    threats: int
    worst: RiskLevel


def draw(title: str, graph: Graph, note: str, badges: Mapping[str, Badge]) -> str:
    """The picture of a graph.

    Args:
        title: name of the system.
        graph: what to draw.
        note: a line below the title; empty for none.
        badges: by node id; nodes without threats have none.
    """
    placed = scene(graph)
    arrows = routes(graph, placed)
    span = max((card.x + card.w for card in placed.cards.values()), default=0.0)
    wide = max(_LEAST, span + 2 * _MARGIN)
    dx = (wide - span) / 2 if span + 2 * _MARGIN < _LEAST else _MARGIN
    below, tall = legend(graph, arrows, badges.values(), wide - 2 * _MARGIN)
    bottom = _TITLE + placed.height + 2 * _MARGIN
    body = [
        *(_frame(frame) for frame in placed.frames),
        *(_arrow(route) for route in arrows),
        *(_card(card, badges.get(card.node.id)) for card in placed.cards.values()),
        *(_label(route.label) for route in arrows if route.label),
    ]
    head = "".join(
        f'<text class="title" x="{_n(_MARGIN)}" y="{_n(34)}">{escaped(line)}</text>'
        for line in wrap(f"{title}: data flows and trust boundaries", 17, wide - 2 * _MARGIN, 1, bold=True)
    )
    said = note if placed.cards else "Nothing is described yet."
    line = f'<text class="key" x="{_n(_MARGIN)}" y="{_n(_TITLE - 4)}">{escaped(said)}</text>' if said else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="dfd" role="img" aria-labelledby="dfd-title dfd-desc"'
        f' viewBox="0 0 {_n(wide)} {_n(bottom + tall)}" width="{_n(wide)}" height="{_n(bottom + tall)}">'
        f'<title id="dfd-title">Data-flow diagram of {escaped(title)}</title>'
        f'<desc id="dfd-desc">{escaped(_summary(graph, placed, badges))}</desc>'
        f'<style>{sheet()}</style><rect class="ground" width="100%" height="100%"/>{head}{line}'
        f'<g transform="translate({_n(dx)} {_n(_TITLE + _MARGIN / 2)})">{"".join(body)}</g>'
        f'<g transform="translate({_n(_MARGIN)} {_n(bottom)})">{below}</g></svg>\n'
    )


def _summary(graph: Graph, placed: Scene, badges: Mapping[str, Badge]) -> str:
    declared = sum(1 for edge in graph.edges if edge.protection)
    names = ", ".join(f"{card.node.kind} {card.node.name}" for card in placed.cards.values())
    return (
        f"{len(graph.nodes)} elements, {declared} declared and {len(graph.edges) - declared} implied flows, "
        f"{len(graph.zones)} zones of trust, {sum(badge.threats for badge in badges.values())} threats. {names}."
    )


def _card(card: Card, badge: Badge | None) -> str:
    said = f"; {badge.threats} threats, worst {badge.worst}" if badge else ""
    parts = [f"<title>{escaped(', '.join(card.node.elements))}{said}</title>", _shape(card)]
    y = card.y + (card.h - _NAME_LINE * len(card.name) - _CAPTION_LINE * len(card.caption)) / 2 + 12.5
    x = card.x + card.w / 2 + (6 if card.node.kind in {"client", "person"} else 0)
    for line in card.name:
        parts.append(f'<text class="name" x="{_n(x)}" y="{_n(y)}">{escaped(line)}</text>')
        y += _NAME_LINE
    for line in card.caption:
        parts.append(f'<text class="caption" x="{_n(x)}" y="{_n(y - 1)}">{escaped(line)}</text>')
        y += _CAPTION_LINE
    return f"<g>{''.join(parts)}{_badge(card, badge) if badge else ''}</g>"


def _shape(card: Card) -> str:
    return outline(card.node.kind, card.x, card.y, card.w, card.h)


def _badge(card: Card, badge: Badge) -> str:
    text = str(badge.threats)
    w = max(20.0, width(text, 11, bold=True) + 12)
    x, y = card.x + card.w - w - 4, card.y - 9
    return (
        f'<rect class="risk-{badge.worst}" x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="19" rx="9.5"/>'
        f'<text class="badge on-{badge.worst}" x="{_n(x + w / 2)}" y="{_n(y + 13.5)}">{text}</text>'
    )


def _frame(frame: Frame) -> str:
    style = "" if frame.zone.declared else " site"
    lines = "".join(
        f'<text class="zone{style}" x="{_n(frame.x + 14)}" y="{_n(frame.y + 17 + i * _ZONE_LINE)}">'
        f"{escaped(line)}</text>"
        for i, line in enumerate(frame.title)
    )
    return (
        f'<g><title>{escaped(frame.zone.id)}</title><rect class="frame{style}" x="{_n(frame.x)}" y="{_n(frame.y)}"'
        f' width="{_n(frame.w)}" height="{_n(frame.h)}" rx="14"/>{lines}</g>'
    )


def _arrow(route: Route) -> str:
    style = route.edge.protection or "implied"
    said = "; ".join(route.edge.flows) or f"{route.edge.source} to {route.edge.target} (implied)"
    lines = [f'<path class="line {style}" d="{route.path}"/>']
    if style == "signed":
        lines.append(f'<path class="line hollow" d="{route.path}"/>')
    if route.edge.crosses:
        tail = route.tips[-1][0] if route.edge.both else route.tips[0][0]
        step = -22.0 if route.tips[0][1] else 22.0
        lines.append(f'<path class="tick" d="M{_n(tail.x + step)} {_n(tail.y - 14)}v28"/>')
    tips = "".join(_tip(point, right, style) for point, right in route.tips)
    return f"<g><title>{escaped(said)}</title>{''.join(lines)}{tips}</g>"


def _tip(point: Point, right: bool, style: str) -> str:
    back = point.x - HEAD if right else point.x + HEAD
    corners = f"{_n(point.x)},{_n(point.y)} {_n(back)},{_n(point.y - 4.5)} {_n(back)},{_n(point.y + 4.5)}"
    return f'<polygon class="tip {style}" points="{corners}"/>'


def _label(label: Label) -> str:
    plate = (
        f'<rect class="plate" x="{_n(label.x - label.w / 2)}" y="{_n(label.y - label.h / 2)}"'
        f' width="{_n(label.w)}" height="{_n(label.h)}" rx="4"/>'
    )
    top = label.y - _LABEL_LINE * (len(label.lines) - 1) / 2 + 3.8
    lines = "".join(
        f'<text class="label" x="{_n(label.x)}" y="{_n(top + i * _LABEL_LINE)}">{escaped(line)}</text>'
        for i, line in enumerate(label.lines)
    )
    return f"<g>{plate}{lines}</g>"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
