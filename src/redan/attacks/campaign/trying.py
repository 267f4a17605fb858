"""A model, a file of samples and what is wanted: the campaign that fits them, tried."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from redan.attacks.campaign.fitting import Wanted, campaign_of
from redan.attacks.campaign.inputs import Arrays, Opening, Target, read_arrays, read_by
from redan.attacks.campaign.parts import here
from redan.attacks.campaign.tried import Tried
from redan.errors import IncompleteError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from redan.attacks.tables.encode import Rows

__all__ = ["Wanted", "try_model"]


def try_model(target: Callable[[], Target], path: Path, data: Path, wanted: Wanted) -> Tried:
    """Attacks a model with samples of a file: by gradients where it has some, else by queries; a table by its rules.

    Args:
        target: opens the model, once the samples are read; an `Opening` where others take part.
        path: of the model.
        data: an `.npz` with arrays x and y, or a table.
        wanted: of the campaign.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model does not answer any more, or a worker died again and again.
    """
    arrays = data.suffix.lower() == ".npz"
    if arrays and (wanted.label or wanted.constraints):
        raise UsageError("an .npz has no columns", where=str(data), remedy="leave out --label and --constraints")
    if not arrays and wanted.label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    read: Arrays | Rows
    if arrays:
        read = read_arrays(data, wanted.samples, wanted.seed)
        opened = target()
    else:
        opened = target()
        read = _rows(opened, data, wanted)
    campaign = campaign_of(opened, path, read, wanted)
    parts = campaign.parts()
    try:
        if wanted.cluster is None:
            tried = here(campaign, wanted.work, None)
        else:
            from redan.attacks.campaign.cluster import fan_out
            from redan.attacks.campaign.worker import cargo_of

            cargo = cargo_of(_opening(target), opened, path, read, wanted)
            tried = fan_out(cargo, parts, wanted.cluster, work=wanted.work, told=wanted.progress)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        raise _kept(error, wanted.work) from error
    return campaign.joined(tried)


def _rows(target: Target, data: Path, wanted: Wanted) -> "Rows":
    from redan.attacks.tables.encode import rows_of
    from redan.attacks.tables.reading import read_rules
    from redan.attacks.tables.rules import Rules as TableRules
    from redan.tables import open_table

    rules = TableRules(others="free") if wanted.constraints is None else read_rules(wanted.constraints)
    table = read_by(target.model, open_table(data), wanted.label or "")
    return rows_of(table, wanted.label or "", rules, limit=wanted.samples, seed=wanted.seed)


def _opening(target: Callable[[], Target]) -> Opening:
    if not isinstance(target, Opening):
        raise UsageError("others can only open a model by its file", remedy="leave out the workers")
    return target


def _kept(error: IncompleteError, work: Path | None) -> IncompleteError:
    """The same error, with what became of the work."""
    where = "the same call goes on from what is kept" if work else "with --work the same call would go on"
    remedy = f"{error.remedy}; {where}" if error.remedy else where
    return IncompleteError(error.what, where=error.where, remedy=remedy)
