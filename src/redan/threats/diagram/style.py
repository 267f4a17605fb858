"""Colours and strokes of the diagram: plain values, so that a viewer without custom properties shows them too."""

from typing import NamedTuple


class Tint(NamedTuple):
    """Fill and stroke of a kind, in light and in dark."""

    fill: str
    stroke: str
    dark_fill: str
    dark_stroke: str


TINTS = {
    "source": Tint("#fff4e0", "#b26a00", "#3a2a10", "#e0a04a"),
    "site": Tint("#f1f1f4", "#6b6f80", "#26282f", "#9a9fb0"),
    "dataset": Tint("#e6f1fb", "#1f6fb2", "#12283b", "#62a8e5"),
    "preprocessor": Tint("#eef0fd", "#5560c0", "#1f2240", "#8f99ee"),
    "feature": Tint("#eef0fd", "#5560c0", "#1f2240", "#8f99ee"),
    "model": Tint("#ece6fb", "#6a3fb5", "#281b42", "#b08ff0"),
    "endpoint": Tint("#e3f5ec", "#1c7f53", "#10301f", "#57c594"),
    "feedback": Tint("#fdeaf1", "#b03a6e", "#3a1626", "#ee86b2"),
    "client": Tint("#ffffff", "#6b6f80", "#17191f", "#9a9fb0"),
    "person": Tint("#ffffff", "#6b6f80", "#17191f", "#9a9fb0"),
}
RISKS = {  # fill and text: each pair has a contrast of 4.5 at least, and the letter says it without colour
    "low": ("#d7e3d8", "#22432a"),
    "medium": ("#ffe08a", "#4a3800"),
    "high": ("#e8743b", "#1c0b02"),
    "critical": ("#b3132b", "#ffffff"),
}
_LIGHT = {
    "ground": "#ffffff",
    "ink": "#1b1e26",
    "muted": "#555b6b",
    "faint": "#8a91a3",
    "zone": "#c0392b",
    "site": "#6b6f80",
}
_DARK = {
    "ground": "#14161b",
    "ink": "#eceef3",
    "muted": "#b3b9c7",
    "faint": "#7d8496",
    "zone": "#ff8a7a",
    "site": "#9a9fb0",
}
_BARE = ("#c2410c", "#ff9d5c")


def sheet() -> str:
    """The style sheet: light by default, dark where the reader prefers it, light on paper."""
    fixed = (
        '.dfd text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,'
        'Arial,"DejaVu Sans",sans-serif}'
        ".dfd .name{font-size:14px;font-weight:600;text-anchor:middle}"
        ".dfd .caption{font-size:12px;text-anchor:middle}"
        ".dfd .label{font-size:11.5px;text-anchor:middle}"
        ".dfd .badge{font-size:11px;font-weight:700;text-anchor:middle}"
        ".dfd .zone{font-size:12px;font-weight:600}"
        ".dfd .key{font-size:12px}.dfd .head{font-size:13px;font-weight:600}.dfd .title{font-size:17px;font-weight:600}"
        ".dfd .shape,.dfd .inner{stroke-width:1.6}.dfd .inner{fill:none}"
        ".dfd .frame{stroke-width:1.6;stroke-dasharray:7 5}.dfd .frame.site{stroke-dasharray:2 4;stroke-linecap:round}"
        ".dfd .tick{stroke-width:2;stroke-dasharray:4 3}"
        ".dfd .line{fill:none}.dfd .implied{stroke-width:1.2}.dfd .none{stroke-width:1.8;stroke-dasharray:3 4}"
        ".dfd .tls{stroke-width:1.6}.dfd .mtls{stroke-width:3}.dfd .signed{stroke-width:4.6}"
        ".dfd .hollow{stroke-width:1.6}"
    )
    badges = "".join(
        f".dfd .risk-{risk}{{fill:{fill}}}.dfd .on-{risk}{{fill:{text}}}" for risk, (fill, text) in RISKS.items()
    )
    dark = _colours(_DARK, 1)
    return f"{fixed}{_colours(_LIGHT, 0)}{badges}@media screen and (prefers-color-scheme:dark){{{dark}{badges}}}"


def _colours(tone: dict[str, str], index: int) -> str:
    ink, muted, faint, ground = tone["ink"], tone["muted"], tone["faint"], tone["ground"]
    kinds = "".join(
        f".dfd .k-{kind}{{fill:{t[2 * index]};stroke:{t[2 * index + 1]}}}.dfd .inner.k-{kind}{{fill:none}}"
        for kind, t in TINTS.items()
    )
    bare = _BARE[index]
    return (
        f".dfd .ground{{fill:{ground}}}.dfd .name,.dfd .title,.dfd .head,.dfd .label,.dfd .key{{fill:{ink}}}"
        f".dfd .caption{{fill:{muted}}}{kinds}"
        f".dfd .line{{stroke:{muted}}}.dfd .tip{{fill:{muted}}}.dfd .hollow{{stroke:{ground}}}"
        f".dfd .line.implied{{stroke:{faint}}}.dfd .tip.implied{{fill:{faint}}}"
        f".dfd .line.none{{stroke:{bare}}}.dfd .tip.none{{fill:{bare}}}"
        f".dfd .plate{{fill:{ground};stroke:{faint};stroke-width:.6}}"
        f".dfd .frame{{fill:{tone['zone']};fill-opacity:.045;stroke:{tone['zone']}}}.dfd .zone{{fill:{tone['zone']}}}"
        f".dfd .frame.site{{fill:{tone['site']};stroke:{tone['site']}}}.dfd .zone.site{{fill:{muted}}}"
        f".dfd .tick{{stroke:{tone['zone']}}}"
    )
