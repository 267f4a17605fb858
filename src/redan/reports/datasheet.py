"""A dataset's datasheet in Markdown: the seven sections of the paper, answered from the description and the data.

Source: Gebru et al., Datasheets for Datasets, arXiv 1803.09010 v8. A question without an answer says "not stated".
"""

from collections.abc import Callable, Iterator

from redan.measures.profile import ColumnProfile
from redan.reports.addresses import shown
from redan.reports.dataset_facts import DatasetFacts
from redan.reports.escape import code, inline

NOT_STATED = "not stated"
SECTIONS = (
    "Motivation",
    "Composition",
    "Collection process",
    "Preprocessing, cleaning and labelling",
    "Uses",
    "Distribution",
    "Maintenance",
)


def render(facts: DatasetFacts) -> bytes:
    """The datasheet of one dataset, bound to its bytes by their digest.

    Args:
        facts: from the description and the data.

    Returns:
        UTF-8 Markdown; holds column names and counts, no raw rows.
    """
    answers = (_motivation, _composition, _collection, _preprocessing, _uses, _distribution, _maintenance)
    lines = [
        f"# Datasheet: {inline(facts.dataset.name)}",
        "",
        f"Written by redan from `redan.toml` and the data. File `{code(facts.file)}`, {facts.size:,} bytes, SHA-256",
        f"`{facts.sha256}`.",
    ]
    for title, answer in zip(SECTIONS, answers, strict=True):
        lines += ["", f"## {title}", ""]
        lines += [f"- **{question}** {inline(said) if said else NOT_STATED}" for question, said in answer(facts)]
        if answer is _composition:
            lines += ["", *_table(facts)]
    return ("\n".join(lines) + "\n").encode()


_Answers = Iterator[tuple[str, str | None]]


def _motivation(facts: DatasetFacts) -> _Answers:
    yield "For what purpose was the dataset created?", facts.dataset.purpose
    yield "Who created it?", _each(facts, lambda source: source.contributors)
    yield "Who funded it?", None
    yield "Who answers for its use here?", facts.system.about.owner


def _composition(facts: DatasetFacts) -> _Answers:
    dataset = facts.dataset
    yield "What does it hold?", facts.description
    yield "Is there a label?", f"column {dataset.label}" if dataset.label else None
    missing = sum(column.missing for column in facts.profile.columns)
    yield "Is information missing?", f"{missing:,} cells are empty"
    yield "Which columns identify a person?", _columns(dataset.identifiers)
    yield "Which columns identify a person together?", _columns(dataset.quasi_identifiers)
    yield "Which columns are sensitive?", _columns(dataset.sensitive)
    yield "Which further columns hold personal data?", _columns(dataset.personal)
    yield "Is it confidential?", "yes" if dataset.confidential else None
    yield "Does it contain all instances, or a sample?", None
    yield "Are there recommended splits?", _splits(facts)
    yield "Are there errors, noise or redundancies?", None


def _collection(facts: DatasetFacts) -> _Answers:
    dataset = facts.dataset
    yield "How was the data collected?", _each(facts, lambda source: source.collection)
    yield "Who contributed?", _each(facts, lambda source: source.contributors)
    yield "When was it collected?", dataset.collected.isoformat() if dataset.collected else None
    yield "On what lawful basis?", dataset.lawful_basis
    yield "Did the persons consent?", dataset.consent
    yield "Was an impact assessment made?", None


def _preprocessing(facts: DatasetFacts) -> _Answers:
    models = [m for m in facts.system.models if facts.dataset.name in (*m.trained_on, *m.validated_on)]
    steps = dict.fromkeys(name for model in models for name in model.preprocessors)
    yield "What was done to the data before it reached a model?", ", ".join(steps) or None
    yield "Is the raw data kept?", None
    derived = [f.name for f in facts.system.features if f.derived_by and f.from_ == facts.dataset.name]
    yield "Which features are derived from it?", _columns(tuple(derived))


def _uses(facts: DatasetFacts) -> _Answers:
    name = facts.dataset.name
    yield "What is it used for?", f"{facts.dataset.role} data of {facts.system.about.name}"
    yield (
        "Which models were trained on it?",
        _columns(tuple(m.name for m in facts.system.models if name in m.trained_on)),
    )
    yield "Which models does it judge?", _columns(tuple(m.name for m in facts.system.models if name in m.validated_on))
    yield "For what must it not be used?", None


def _distribution(facts: DatasetFacts) -> _Answers:
    yield "Who hosts it?", _each(facts, lambda source: source.host)
    yield "On what terms?", _each(facts, lambda source: source.terms)
    yield "Where can it be fetched?", _each(facts, lambda source: shown(source.url))
    yield "Is it signed, and where is the signature?", facts.dataset.seal
    yield "Which digest did the publisher announce?", facts.dataset.sha256 or _each(facts, lambda s: s.published_sha256)


def _maintenance(facts: DatasetFacts) -> _Answers:
    yield "Who answers for it?", facts.system.about.owner
    retention = facts.dataset.retention
    yield "How long is it kept?", None if retention is None else str(retention)
    yield "Where does it lie?", facts.dataset.site
    yield "How are errors corrected?", None


def _each(facts: DatasetFacts, ask: Callable[..., str | None]) -> str | None:
    said = [(source.name, ask(source)) for source in facts.sources]
    if not any(answer for _, answer in said):
        return None
    if len(said) == 1:
        return said[0][1]
    return "; ".join(f"{name}: {answer or NOT_STATED}" for name, answer in said)


def _splits(facts: DatasetFacts) -> str | None:
    """The datasets of the same sources, by role: the split that the product uses."""
    mine = set(facts.dataset.sources)
    same = [d for d in facts.system.datasets if mine & set(d.sources) and d.name != facts.dataset.name]
    return "; ".join(f"{d.name}: {d.role}" for d in same) or None


def _columns(names: tuple[str, ...]) -> str | None:
    return ", ".join(names) or None


def _table(facts: DatasetFacts) -> Iterator[str]:
    yield "| column | type | missing | distinct | smallest | largest |"
    yield "|---|---|---|---|---|---|"
    for column in facts.profile.columns:
        cells = (column.name, column.dtype, f"{column.missing:,}", f"{column.distinct:,}", *_ends(column))
        yield "| " + " | ".join(inline(cell) for cell in cells) + " |"


def _ends(column: ColumnProfile) -> tuple[str, str]:
    hidden = "personal" if column.personal else ""
    return column.low or hidden, column.high or hidden
