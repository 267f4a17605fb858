"""What a description, the artifacts and the last evidence say about one model: the source of its card and its bill."""

from collections.abc import Iterator
from dataclasses import dataclass

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect
from redan.artifacts.model_file import ModelFile
from redan.errors import InputError
from redan.findings import Finding, Measure
from redan.reports.material import Material
from redan.system.records import Dataset, Endpoint, Feature, Model
from redan.system.system import System
from redan.terms import Outcome
from redan.threats.derive import derive
from redan.threats.records import Threat


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Facts about one model.

    Args:
        system: the product that uses it.
        model: its table in `redan.toml`.
        sha256: digest of its file, 64 hex digits; None without a file that can be read.
        size: bytes of its file; None likewise.
        findings: of the last evidence, about this model; outdated ones are marked stale. Empty without evidence.
        threats: that stand against it.
        checked: when the last evidence was made, and by which version; empty without evidence.
    """

    system: System
    model: Model
    sha256: str | None
    size: int | None
    findings: tuple[Finding, ...]
    threats: tuple[Threat, ...]
    checked: str = ""

    @property
    def element(self) -> str:
        """Element id."""
        return f"model:{self.model.name}"

    @property
    def training(self) -> tuple[Dataset, ...]:
        """Datasets that it was trained on, in its order."""
        return self._datasets(self.model.trained_on)

    @property
    def validation(self) -> tuple[Dataset, ...]:
        """Datasets that it was validated or tested on, in its order."""
        return self._datasets(self.model.validated_on)

    def _datasets(self, names: tuple[str, ...]) -> tuple[Dataset, ...]:
        known = {d.name: d for d in self.system.datasets}
        return tuple(known[name] for name in names if name in known)

    @property
    def features(self) -> tuple[tuple[str, Feature | None], ...]:
        """Its inputs, each with its table where there is one."""
        known = {f.name: f for f in self.system.features}
        return tuple((name, known.get(name)) for name in self.model.inputs)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it answers."""
        return tuple(e for e in self.system.endpoints if e.model == self.model.name)

    @property
    def serves(self) -> bool:
        """Whether the product answers with it: no other model was made from it, or replaced it."""
        name = self.model.name
        return not any(name in (m.base, m.previous) for m in self.system.models)

    @property
    def supervised(self) -> bool:
        """Whether a dataset that it was trained on has a label."""
        return any(d.label for d in self.training)

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Columns of groups that must not be treated worse, of its datasets, each once."""
        columns = (c for d in (*self.training, *self.validation) for c in d.sensitive)
        return tuple(dict.fromkeys(columns))

    def measured(self) -> Iterator[tuple[Finding, Measure, float]]:
        """Findings that estimate something of the model, with an interval: numbers to believe, not counts of files."""
        for finding in self.findings:
            measure = finding.measure
            answered = finding.outcome in {Outcome.HOLDS, Outcome.BROKEN}
            if answered and measure is not None and measure.value is not None and measure.interval is not None:
                yield finding, measure, measure.value

    @property
    def limitations(self) -> tuple[str, ...]:
        """What the last evidence found broken about it."""
        return tuple(f.message for f in self.findings if f.outcome is Outcome.BROKEN)


def model_facts(system: System, model: Model, material: Material | None = None) -> ModelFacts:
    """The facts of one model.

    Args:
        system: the description.
        model: one of its models.
        material: of the last evidence; None when nothing was checked.

    Returns:
        Facts; a file that is missing or cannot be read leaves digest and size out.
    """
    element = f"model:{model.name}"
    file = _file(system, element)
    analysis = derive(system) if material is None else material.analysis
    findings = () if material is None else tuple(_about(material, element))
    checked = ""
    if material is not None and material.evidence:
        checked = f"{material.results.at:%Y-%m-%d %H:%M} UTC by redan {material.results.tool}"
    return ModelFacts(
        system=system,
        model=model,
        sha256=None if file is None else file.digest,
        size=None if file is None else file.size,
        findings=findings,
        threats=tuple(t for t in analysis.threats if t.element == element),
        checked=checked,
    )


def _file(system: System, element: str) -> ModelFile | None:
    try:
        found = collect(system, ModelFile, element)
    except InputError:
        return None
    return found if not isinstance(found, Absent) and isinstance(found, ModelFile) else None


def _about(material: Material, element: str) -> Iterator[Finding]:
    for _, judged in material.judged():
        if element in judged.finding.subject.split("+"):
            yield judged.finding
