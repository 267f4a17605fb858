"""A model's card in Markdown: the nine sections of the paper, answered from the description and the last evidence.

Source: Mitchell et al., Model Cards for Model Reporting, FAT* 2019 (arXiv 1810.03993), section 4. A question without an
answer says "not stated"; a number is shown with its interval and what it rests on, or not at all.
"""

from collections.abc import Iterator

from redan.reports.escape import code, inline
from redan.reports.model_facts import ModelFacts
from redan.reports.words import measured, plain_name
from redan.system.records import Dataset

NOT_STATED = "not stated"
SECTIONS = (
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
)
_MOST = 20
_Answers = Iterator[tuple[str, str | None]]


def render(facts: ModelFacts) -> bytes:
    """The card of one model, bound to its bytes by their digest.

    Args:
        facts: from the description and the last evidence.

    Returns:
        UTF-8 Markdown; holds names, counts and digests, no raw rows.
    """
    answers = (_details, _use, _factors, _metrics, _evaluation, _training, _quantities, _ethics, _caveats)
    lines = [f"# Model card: {inline(facts.model.name)}", "", *_head(facts)]
    for title, answer in zip(SECTIONS, answers, strict=True):
        lines += ["", f"## {title}", ""]
        lines += [
            f"- **{inline(question)}** {inline(said) if said else NOT_STATED}" for question, said in answer(facts)
        ]
    return ("\n".join(lines) + "\n").encode()


def _head(facts: ModelFacts) -> Iterator[str]:
    yield f"Written by redan from `redan.toml`{' and the last evidence' if facts.checked else ''}."
    if facts.sha256 is not None and facts.model.path is not None:
        yield f"File `{code(facts.model.path)}`, {facts.size:,} bytes, SHA-256"
        yield f"`{facts.sha256}`."


def _details(facts: ModelFacts) -> _Answers:
    model = facts.model
    yield "Who developed it?", model.publisher
    yield "When?", None
    yield "Which version, and what does it replace?", f"it replaces {model.previous}" if model.previous else None
    yield "What type of model is it?", model.task
    yield "What was it made from?", model.base
    yield "Which models does it join?", ", ".join(model.ensemble_of) or None
    yield "Where was it obtained?", model.source
    yield "On what licence?", model.licence
    yield "Is it signed, and where is the signature?", model.seal
    yield "What runs before it?", ", ".join(model.preprocessors) or None
    yield "Who answers questions about it?", facts.system.about.owner


def _use(facts: ModelFacts) -> _Answers:
    yield "What is it for?", facts.system.about.purpose if facts.serves else None
    yield "Who is meant to use it?", "; ".join(e.clients for e in facts.endpoints if e.clients) or None
    where = [f"{e.name} ({e.exposure}, answers with {e.answers})" for e in facts.endpoints]
    yield "Where does it answer?", ", ".join(where) or None
    yield "Does an answer act without a person in between?", "yes" if facts.system.about.acts else None
    yield "For what must it not be used?", None


def _factors(facts: ModelFacts) -> _Answers:
    yield "Which groups must not be treated worse?", _columns(facts.sensitive)
    yield "Which instruments or environments matter?", None
    shown = [f"{name} ({f.dtype})" if f is not None and f.dtype else name for name, f in facts.features]
    yield "What does it read?", ", ".join(shown) or None


def _metrics(facts: ModelFacts) -> _Answers:
    names = dict.fromkeys(plain_name(measure) for _, measure, _ in facts.measured())
    yield "Which measures were taken?", ", ".join(names) or None
    yield "Which thresholds decide?", "; ".join(dict.fromkeys(_thresholds(facts))) or None
    yield "How was the uncertainty estimated?", "intervals of each measure, with their confidence" if names else None


def _thresholds(facts: ModelFacts) -> Iterator[str]:
    for finding, measure, _ in facts.measured():
        if measure.threshold is not None:
            yield f"{plain_name(measure)} of {finding.subject} {measure.comparator} {measure.threshold:.6g}"


def _evaluation(facts: ModelFacts) -> _Answers:
    yield from _data("Which data judged it?", facts, facts.validation)
    yield "Why were these chosen?", None


def _training(facts: ModelFacts) -> _Answers:
    yield from _data("Which data was it trained on?", facts, facts.training)
    yield "What does its publisher state?", facts.model.training_data


def _data(question: str, facts: ModelFacts, datasets: tuple[Dataset, ...]) -> _Answers:
    if not datasets:
        yield question, None
    known = {s.name: s for s in facts.system.sources}
    for dataset in datasets:
        yield question, f"{dataset.name}, {dataset.role} data"
        hosts = [known[n].host or NOT_STATED for n in dataset.sources if n in known]
        named = zip(dataset.sources, hosts, strict=False)
        yield f"Where does {dataset.name} come from?", "; ".join(f"{n}: {h}" for n, h in named) or None
        yield f"On what lawful basis is {dataset.name} used?", dataset.lawful_basis


def _quantities(facts: ModelFacts) -> _Answers:
    rows = [(f"{f.check} of {f.subject}", f"{f.message} {measured(m)}".strip()) for f, m, _ in facts.measured()]
    if not rows:
        yield "What was measured?", None
    yield from rows[:_MOST]
    if len(rows) > _MOST:
        yield "And further?", f"{len(rows) - _MOST} more measures, in the evidence"


def _ethics(facts: ModelFacts) -> _Answers:
    personal = [d.name for d in (*facts.training, *facts.validation) if d.personal or d.identifiers]
    yield (
        "Does its data concern persons?",
        f"personal columns are declared in {', '.join(personal)}" if personal else None,
    )
    yield "Is the use regulated?", "yes" if facts.system.about.regulated else None
    risks = [f"{t.title} ({t.risk.level.value} risk before any control)" for t in facts.threats[:_MOST]]
    yield "Which risks and harms were considered?", "; ".join(risks) or None
    yield "Which risks were left out?", None


def _caveats(facts: ModelFacts) -> _Answers:
    yield "When was it checked?", facts.checked or None
    for message in facts.limitations[:_MOST]:
        yield "Found broken:", message
    if len(facts.limitations) > _MOST:
        yield "Found broken:", f"{len(facts.limitations) - _MOST} more, in the evidence"
    yield "What should users know besides?", None


def _columns(names: tuple[str, ...]) -> str | None:
    return f"those of the columns {', '.join(names)}" if names else None
