"""What is wanted of a campaign, and the campaign that fits a model and its samples."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redan.attacks.campaign.inputs import Arrays, Target, source_of_target, with_gradients
from redan.attacks.campaign.parts import SIZE, Campaign, Cluster
from redan.attacks.progress import Progress
from redan.attacks.threat import Threat
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.tables.encode import Rows


class Wanted(NamedTuple):
    """What is wanted of a campaign.

    Args:
        threat: norm, radius and box.
        suite: attacks.
        label: column of classes.
        constraints: rules of a table's columns.
        samples: at most.
        queries: for each sample.
        radii: further ones.
        work: file that keeps what is done; one for each part where there are several.
        seed: of every choice.
        progress: is told how far it is.
        watched: samples of the failure checks.
        part: samples of a part, each of which is attacked by itself.
        slots: samples in flight; no result depends on it.
        prove: steps of the exact attack on trees for each row that is left; none when 0.
        cluster: who attacks the parts; this process when None.
    """

    threat: Threat
    suite: str = "standard"
    label: str | None = None
    constraints: Path | None = None
    samples: int = 1000
    queries: int = 1000
    radii: tuple[float, ...] = ()
    work: Path | None = None
    seed: int = 0
    progress: Callable[[Progress], None] | None = None
    watched: int = 64
    part: int = SIZE
    slots: int | None = None
    prove: int = 2000
    cluster: Cluster | None = None


def campaign_of(target: Target, path: Path, read: "Arrays | Rows", wanted: Wanted) -> Campaign:
    """The campaign that fits a model and its samples; the same one wherever it is opened.

    Raises:
        InputError: model and samples do not fit.
    """
    if not isinstance(read, Arrays):
        return _on_rows(target, path, read, wanted)
    target = target if wanted.suite == "queries" else with_gradients(target, path, read.x)
    if target.network is None or wanted.suite == "queries":
        from redan.attacks.campaign.black_box import AskedCampaign

        return AskedCampaign(
            source=lambda: source_of_target(target),
            of=target.of,
            x=read.x,
            y=read.y,
            threat=wanted.threat,
            queries=wanted.queries,
            radii=wanted.radii,
            seed=wanted.seed,
            size=wanted.part,
            notes=target.notes,
        )
    if wanted.suite == "minimum":
        from redan.attacks.campaign.minimum import MinimumCampaign

        return MinimumCampaign(
            network=target.network,
            x=read.x,
            y=read.y,
            threat=wanted.threat,
            radii=wanted.radii,
            seed=wanted.seed,
            watched=wanted.watched,
            notes=target.notes,
        )
    from redan.attacks.campaign.white_box import NetworkCampaign

    return NetworkCampaign(
        network=target.network,
        x=read.x,
        y=read.y,
        threat=wanted.threat,
        suite=wanted.suite,
        radii=wanted.radii,
        seed=wanted.seed,
        progress=wanted.progress,
        watched=wanted.watched,
        size=wanted.part,
        slots=wanted.slots,
        notes=target.notes,
    )


def _on_rows(target: Target, path: Path, rows: "Rows", wanted: Wanted) -> Campaign:
    from redan.attacks.campaign.rows import RowsCampaign, RowsWanted

    order = RowsWanted(
        wanted.threat,
        wanted.queries,
        wanted.seed,
        ruled=wanted.constraints is not None,
        prove=wanted.prove,
        radii=wanted.radii,
        size=wanted.part,
    )
    known = _differentiable(target, path, rows)
    model = next((one for one in (target.endpoint, target.model) if one is not None), target.network)
    return RowsCampaign(model=model, of=target.of, rows=rows, wanted=order, network=known.network, notes=known.notes)


def _differentiable(target: Target, path: Path, rows: "Rows") -> Target:
    """A model of one matrix of numbers with its gradients, where its file has some and they are the same model's."""
    if rows.space.levels or missing_import("torch") is not None:
        return target._replace(network=None) if target.model is not None else target
    ports = [] if target.model is None else target.model.inputs
    if target.network is None and len(ports) != 1:
        return target
    found = with_gradients(target, path, rows.x)
    if found.network is None or target.model is None:
        return found
    from redan.attacks.tables.asked import Asked

    told = Asked(target.model, rows.space).labels(rows.x[:64])
    if (found.network.labels(rows.x[:64]) != told).any():
        return target
    return found
