"""Names of persons inside free text: by a language model that is installed, never fetched; needs the extra `text`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Measure, Remedy, broken, not_run
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.terms import Level

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

    from redan.tables import Table

MODEL = "en_core_web_sm"
SCORE = 0.6
SAMPLE = 500  # texts of a column; a language model reads a few hundred a second
LEAST = 0.02  # of texts: a model takes capitalised words for names, so that rare ones say nothing
LONGEST = 5_000
_WORDS = 3  # a text of fewer words is a label


class Named(NamedTuple):
    """Names in one column.

    Args:
        column: its name.
        texts: how many of the texts looked at hold a name.
        n: texts looked at.
        interval: exact 95 % interval of their share.
    """

    column: str
    texts: int
    n: int
    interval: Interval


def named_columns(
    table: "Table", columns: Sequence[str], *, seed: int = 0, model: str = MODEL
) -> tuple[Named, ...] | str:
    """Which columns of free text hold names of persons.

    Source: Presidio's recogniser over spaCy; what a language model calls a name is an estimate, not a verification.

    Args:
        table: the data.
        columns: those to look at; columns that are no free text are passed over.
        seed: of the sample of texts.
        model: a spaCy pipeline that is installed, of the language of the texts.

    Returns:
        One answer per column of free text; a reason, when names cannot be looked for here.
    """
    try:
        engine = _engine(model)
    except IncompleteError as error:
        return str(error)
    found = []
    for column in columns:
        if table.dtype(column) != "string":
            continue
        values = table.distinct_sample(column, SAMPLE, seed)
        texts = [v[:LONGEST] for v in values if len(v.split()) >= _WORDS]
        if len(texts) < len(values) / 2 or not texts:
            continue
        hits = sum(_has_name(engine, text) for text in texts)
        found.append(Named(column, hits, len(texts), clopper_pearson(hits, len(texts))))
    return tuple(found)


def told_names(check: str, subject: str, found: tuple[Named, ...] | str) -> Iterator[Finding]:
    """Findings about columns of free text with names; none where no column has enough of them."""
    if isinstance(found, str):
        text = f"Names of persons in free text were not looked for: {found}."
        yield not_run(check, subject, text, part="names")
        return
    remedy = Remedy(text="Mask the names in the text, or declare the column as personal.", effort=Level.MEDIUM)
    for one in found:
        if one.interval.low > LEAST:
            measure = Measure(
                name="texts_with_names",
                value=one.texts / one.n,
                interval=one.interval,
                n=one.n,
                threshold=LEAST,
                unit="share",
            )
            text = (
                f"Column {one.column!r} holds names of persons inside its text and is not declared: {one.texts:,} of "
                f"{one.n:,} texts looked at, by a language model, so look before you act."
            )
            yield broken(check, subject, text, remedy, part=one.column, measure=measure)


def _engine(model: str) -> "AnalyzerEngine":
    """An analyser of names alone: no other recogniser, and nothing that asks the network."""
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NlpEngineProvider
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer
    except ImportError as error:
        raise MissingExtraError("text", "presidio_analyzer") from error
    if not spacy.util.is_package(model):  # Presidio would fetch it
        raise IncompleteError(f"the spaCy pipeline {model} is not installed", remedy=f"install {model}")
    about = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    nlp = NlpEngineProvider(nlp_configuration=about).create_engine()
    registry = RecognizerRegistry(
        recognizers=[SpacyRecognizer(supported_entities=["PERSON"])], supported_languages=["en"]
    )
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def _has_name(engine: "AnalyzerEngine", text: str) -> bool:
    return bool(engine.analyze(text, language="en", entities=["PERSON"], score_threshold=SCORE))
