"""Which kind of picture is drawn by whom."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from redan.canon import Json
from redan.findings import Finding
from redan.reports.pictures.between import between
from redan.reports.pictures.cells import cells
from redan.reports.pictures.distributions import distributions
from redan.reports.pictures.fidelity_curve import fidelity_curve
from redan.reports.pictures.fields import Fields, MalformedError
from redan.reports.pictures.funnel import funnel
from redan.reports.pictures.gallery import gallery
from redan.reports.pictures.grid import grid
from redan.reports.pictures.log_roc import log_roc
from redan.reports.pictures.portraits import portraits
from redan.reports.pictures.program import learning_curve, programs
from redan.reports.pictures.robust_curve import robust_curve
from redan.reports.pictures.series import series
from redan.reports.pictures.shares import shares
from redan.reports.pictures.slices import slice_tree
from redan.reports.pictures.surface import surface
from redan.reports.pictures.transfer import transfer
from redan.reports.pictures.triggers import triggers

DRAWERS: Mapping[str, Callable[[Fields], Markup]] = MappingProxyType(
    {
        "distributions": distributions,
        "shares": shares,
        "funnel": funnel,
        "slice-tree": slice_tree,
        "grid": grid,
        "series": series,
        "robust-curve": robust_curve,
        "fidelity-curve": fidelity_curve,
        "learning-curve": learning_curve,
        "programs": programs,
        "log-roc": log_roc,
        "between": between,
        "gallery": gallery,
        "portraits": portraits,
        "cells": cells,
        "transfer": transfer,
        "surface": surface,
        "triggers": triggers,
    }
)
MOST = 24  # pictures of one finding


def drawn(finding: Finding) -> tuple[Markup, ...]:
    """The pictures of a finding, each a figure without scripts.

    Args:
        finding: what its detail holds may come from a file, so its shape is not trusted.

    Returns:
        Empty when it carries none; a note stands in for a picture that cannot be drawn, or that is too many.
    """
    held = finding.detail.get("pictures")
    if not isinstance(held, list):
        return ()
    figures = [_figure(one) for one in held[:MOST]]
    if len(held) > MOST:
        figures.append(Markup('<p class="note">{} more are in the evidence.</p>').format(len(held) - MOST))
    return tuple(figures)


def _figure(held: Json) -> Markup:
    try:
        fields = Fields.of(held)
        kind, title = fields.text("kind"), fields.text("title")
        figure = DRAWERS.get(kind, _unknown)(fields)
    except MalformedError:
        return Markup('<p class="note">A picture here cannot be drawn by this version.</p>')
    return Markup('<figure class="picture {}"><figcaption>{}</figcaption>{}</figure>').format(kind, title, figure)


def _unknown(fields: Fields) -> Markup:
    raise MalformedError(fields.text("kind"))
