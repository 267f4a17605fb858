"""One feature in the reference and now: two bars a bin, the lighter one the reference."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError
from redan.reports.pictures.rows import RowLine, drawing, footing, rows
from redan.reports.pictures.scale import Scale, worded

_MOST = 40  # bins that are drawn; of more, the ones that differ most
_KEY = Markup('<p class="key"><span class="box reference"></span> {} <span class="box current"></span> {}</p>')
_NAMES = ["reference", "current"]  # of evidence that was written before the two had names


def distributions(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.Distributions`.

    Raises:
        MalformedError: bins and shares are not of one length, or it has other than two names.
    """
    bins, reference, current = fields.texts("bins"), fields.numbers("reference"), fields.numbers("current")
    if not len(bins) == len(reference) == len(current):
        raise MalformedError("bins")
    names = fields.texts("names") if "names" in fields.held else _NAMES
    if len(names) != len(_NAMES):
        raise MalformedError("names")
    scale = Scale(0.0, max([*reference, *current, 1e-9]))
    shown = sorted(sorted(range(len(bins)), key=lambda i: -abs(current[i] - reference[i]))[:_MOST])
    lines = [
        RowLine(
            bins[i],
            _bars(reference[i], current[i], scale),
            f"{worded(reference[i], 'share')} → {worded(current[i], 'share')}",
        )
        for i in shown
    ]
    left = len(bins) - len(shown)
    note = Markup('<p class="note">{} bins that differ less are left out.</p>').format(left) if left else Markup("")
    return _KEY.format(*names) + rows([*lines, footing(scale, "share")]) + note


def _bars(reference: float, current: float, scale: Scale) -> Markup:
    bar = Markup('<rect class="{}" x="0" y="{}" width="{:.2f}%" height="8" rx="1.5"/>')
    return drawing([bar.format("reference", 2, scale.at(reference)), bar.format("current", 12, scale.at(current))])
