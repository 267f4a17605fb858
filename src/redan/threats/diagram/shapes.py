"""The outline of each kind of element, so that kinds differ without colour."""

from collections.abc import Callable

_LID = 7.0  # height of a cylinder's ellipse
SLANT = 12.0  # how far a feedback leans
_FOLD = 12.0
_FULL = 34.0  # height from which a figure is drawn in full size


def outline(kind: str, x: float, y: float, w: float, h: float) -> str:
    """SVG of one shape.

    Args:
        kind: a kind of node.
        x: left, in pixels.
        y: top.
        w: width.
        h: height.
    """
    style = f'class="shape k-{kind}"'
    return _DRAW.get(kind, _plain)(style, kind, (x, y, w, h))


Box = tuple[float, float, float, float]


def _plain(style: str, _kind: str, box: Box) -> str:
    return _rectangle(style, box, 2)


def _external(style: str, kind: str, box: Box) -> str:
    x, y, w, h = box
    bars = f"M{_n(x + 6)} {_n(y)}V{_n(y + h)}M{_n(x + w - 6)} {_n(y)}V{_n(y + h)}"
    return _rectangle(style, box, 0) + f'<path class="inner k-{kind}" d="{bars}"/>'


def _store(style: str, kind: str, box: Box) -> str:
    x, y, w, h = box
    arc = f"A{_n(w / 2)} {_n(_LID)} 0 0"
    body = (
        f"M{_n(x)} {_n(y + _LID)}{arc} 1 {_n(x + w)} {_n(y + _LID)}V{_n(y + h - _LID)}"
        f"{arc} 1 {_n(x)} {_n(y + h - _LID)}Z"
    )
    lid = f"M{_n(x)} {_n(y + _LID)}{arc} 0 {_n(x + w)} {_n(y + _LID)}"
    return f'<path {style} d="{body}"/><path class="inner k-{kind}" d="{lid}"/>'


def _process(style: str, _kind: str, box: Box) -> str:
    return _rectangle(style, box, 12)


def _model(style: str, kind: str, box: Box) -> str:
    x, y, w, h = box
    return _rectangle(style, box, 14) + _rectangle(f'class="inner k-{kind}"', (x + 4, y + 4, w - 8, h - 8), 10)


def _service(style: str, _kind: str, box: Box) -> str:
    return _rectangle(style, box, box[3] / 2)


def _slanted(style: str, _kind: str, box: Box) -> str:
    x, y, w, h = box
    corners = (x + SLANT, y), (x + w, y), (x + w - SLANT, y + h), (x, y + h)
    return f'<polygon {style} points="{" ".join(f"{_n(a)},{_n(b)}" for a, b in corners)}"/>'


def _folded(style: str, kind: str, box: Box) -> str:
    x, y, w, h = box
    edge = f"M{_n(x)} {_n(y)}H{_n(x + w - _FOLD)}L{_n(x + w)} {_n(y + _FOLD)}V{_n(y + h)}H{_n(x)}Z"
    fold = f"M{_n(x + w - _FOLD)} {_n(y)}V{_n(y + _FOLD)}H{_n(x + w)}"
    return f'<path {style} d="{edge}"/><path class="inner k-{kind}" d="{fold}"/>'


def _someone(style: str, kind: str, box: Box) -> str:
    x, y, _, h = box
    middle, size = y + h / 2, min(1.0, h / _FULL)
    figure = (
        f'<circle class="inner k-{kind}" cx="{_n(x + 14)}" cy="{_n(middle - 6 * size)}" r="{_n(3.6 * size)}"/>'
        f'<path class="inner k-{kind}" d="M{_n(x + 14 - 7 * size)} {_n(middle + 8 * size)}'
        f'a{_n(7 * size)} {_n(8 * size)} 0 0 1 {_n(14 * size)} 0"/>'
    )
    return _rectangle(style, box, 4) + figure


def _rectangle(style: str, box: Box, radius: float) -> str:
    x, y, w, h = box
    return f'<rect {style} x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(radius)}"/>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


_DRAW: dict[str, Callable[[str, str, Box], str]] = {
    "source": _external,
    "site": _folded,
    "dataset": _store,
    "preprocessor": _process,
    "feature": _process,
    "model": _model,
    "endpoint": _service,
    "feedback": _slanted,
    "client": _someone,
    "person": _someone,
}
