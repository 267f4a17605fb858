"""Guesses what finds mean, each with its reason; every guess is a person's to confirm."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from redan.system.discover.found import ColumnFacts, Found, ModelFile, Script, TableFile

_ROLES: Mapping[str, str] = {
    "train": "train", "training": "train", "trn": "train", "fit": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test", "holdout": "test", "eval": "test", "evaluation": "test", "tst": "test",
    "calib": "calibration", "calibration": "calibration",
    "reference": "reference", "ref": "reference",
    "current": "current", "live": "current", "production": "current", "prod": "current",
}  # fmt: skip
_LABELS = (
    "label", "labels", "target", "y", "class", "churn", "churned", "isfraud", "fraud", "default", "outcome", "exited",
    "attrition", "response", "survived", "groundtruth", "species", "category",
)  # fmt: skip
_TIMES = frozenset({"time", "timestamp", "date", "datetime", "ts", "createdat", "eventtime", "recordedat", "day"})
_CONTRIBUTORS = (
    "contributor", "contributorid", "annotator", "annotatorid", "labeler", "workerid", "submittedby", "reporter",
    "uploader", "author", "userid", "user", "clientid", "participant", "participantid", "deviceid", "sensorid",
    "siteid", "customerid",
)  # fmt: skip
_IDENTIFYING = frozenset(
    {
        "id", "uuid", "guid", "key", "number", "no", "nr", "email", "mail", "phone", "msisdn", "imsi", "imei", "iccid",
        "account", "iban", "ssn", "passport", "name", "index", "customerid", "userid", "accountid", "recordid",
    }
)  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SENSITIVE = frozenset(
    {"gender", "sex", "age", "race", "ethnicity", "religion", "nationality", "disability", "seniorcitizen", "agegroup"}
)
_QUASI = frozenset({"birthdate", "dateofbirth", "dob", "postcode", "zip", "zipcode", "gender", "sex", "age"})
_CLASSES = 20  # a label with more values than this is a number to predict
_LABEL_ROWS = 50


class Guess(NamedTuple):
    """A value and why it may be right."""

    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGuess:
    """What a table is for and what its columns are.

    Args:
        table: the file.
        role: None when nothing says.
        label: and the other columns, each with its reason; None or empty when nothing says.
        shared: name of another table and the number of column names they have in common, if any.
    """

    table: TableFile
    role: Guess | None
    label: Guess | None = None
    time: Guess | None = None
    contributor: Guess | None = None
    identifiers: tuple[Guess, ...] = ()
    sensitive: tuple[str, ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    shared: tuple[str, int] | None = None
    facts: Mapping[str, ColumnFacts] = field(default_factory=dict)

    def inputs(self) -> tuple[ColumnFacts, ...]:
        """The columns that may be a model's inputs."""
        aside = {g.value for g in (self.label, self.time, self.contributor, *self.identifiers) if g}
        return tuple(fact for name, fact in self.facts.items() if name not in aside)


def tables(found: Found) -> tuple[TableGuess, ...]:
    """A guess for each table, those with a role first."""
    roles = [_role(table.path) for table in found.tables]
    if len(roles) == 1 and roles[0] is None:
        roles = [Guess("train", "it is the only table")]
    label = _missing_label(found.tables, roles)
    every = [_table(t, role, label, found.tables) for t, role in zip(found.tables, roles, strict=True)]
    return tuple(sorted(every, key=lambda guess: guess.role is None))


def task(label: ColumnFacts | None) -> Guess:
    """The kind of answer, from the label's values."""
    if label is None or not label.sampled:
        return Guess("classification", "nothing says otherwise")
    if label.kind in {"int", "float"} and label.distinct > _CLASSES:
        return Guess("regression", f"the label takes {label.distinct} values in {label.sampled} rows")
    return Guess("classification", f"the label takes {label.distinct} values in {label.sampled} rows")


def stage(found: Found) -> Guess:
    """How far the product is, from what there is."""
    if found.serving or any(script.serves for script in found.scripts):
        return Guess("operation", "there is something that serves it")
    if found.models:
        return Guess("training", "there is a trained model, and nothing that serves it")
    return (
        Guess("data", "there is data, and no model") if found.tables else Guess("design", "there is no data or model")
    )


def training_scripts(found: Found, model: ModelFile) -> tuple[tuple[Script, str], ...]:
    """The scripts that may have made a model, with the reason."""
    tracked = {run.source.rpartition("/")[2] for run in found.runs if run.source}
    training = [script for script in found.scripts if script.trains]
    name = model.path.rpartition("/")[2]
    naming = [script for script in training if name in script.mentions]
    chosen = naming or training
    why = {script.path: f"{script.trains} and names {name}" for script in naming}
    return tuple((s, _tracked(s, tracked, why.get(s.path, s.trains))) for s in chosen)


def _tracked(script: Script, tracked: set[str], why: str) -> str:
    return f"{why}; MLflow recorded a run of it" if script.path.rpartition("/")[2] in tracked else why


def _role(path: str) -> Guess | None:
    """From the words of the file's name, then of its folders, nearest first."""
    *folders, file = path.split("/")
    for part in (file.rpartition(".")[0] or file, *reversed(folders)):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in _ROLES:
                return Guess(_ROLES[word], f"the path says '{word}'")
    return None


def _table(table: TableFile, role: Guess | None, label: str, others: Sequence[TableFile]) -> TableGuess:
    facts = {fact.name: fact for fact in table.columns if _sayable(fact.name)}
    answer = _label(facts, label)
    free = {name: fact for name, fact in facts.items() if not answer or name != answer.value}
    contributor = _contributor(free.values())
    identifiers = tuple(_identifiers(f for f in free.values() if not contributor or f.name != contributor.value))
    return TableGuess(
        table=table,
        role=role,
        label=answer,
        time=_time(free.values()),
        contributor=contributor,
        identifiers=identifiers,
        sensitive=tuple(name for name in free if _bare(name) in _SENSITIVE),
        quasi_identifiers=tuple(name for name in free if _bare(name) in _QUASI),
        shared=_shared(table, others),
        facts=facts,
    )


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _sayable(name: str) -> bool:
    return 0 < len(name) <= 200 and not any("\ud800" <= c <= "\udfff" for c in name)  # noqa: PLR2004 -- records.Column


def _missing_label(every: Sequence[TableFile], roles: Sequence[Guess | None]) -> str:
    """The one column that training has and another set lacks; empty when it is not one."""
    sets = [({fact.name for fact in t.columns}, role.value) for t, role in zip(every, roles, strict=True) if role]
    training = [names for names, role in sets if role == "train" and names]
    rest = [names for names, role in sets if role != "train" and names]
    if not training or not rest:
        return ""
    missing = [names - other for names in training for other in rest if other < names]
    return next((next(iter(names)) for names in missing if len(names) == 1), "")


def _label(facts: Mapping[str, ColumnFacts], missing: str) -> Guess | None:
    by_name = {_bare(name): name for name in reversed(list(facts))}
    for word in _LABELS:
        if word in by_name:
            return Guess(by_name[word], "its name is that of an answer")
    if missing in facts:
        return Guess(missing, "another set lacks just this column")
    ends = next(reversed(list(facts.values())), None)
    if ends and ends.sampled >= _LABEL_ROWS and 2 <= ends.distinct <= _CLASSES and ends.kind != "float":  # noqa: PLR2004
        return Guess(ends.name, f"it is the last column and takes {ends.distinct} values in {ends.sampled} rows")
    return None


def _time(facts: Iterable[ColumnFacts]) -> Guess | None:
    columns = list(facts)
    named = [f for f in columns if _bare(f.name) in _TIMES and f.kind in {"date", "int"} and f.distinct > 1]
    dated = [f for f in columns if f.kind == "date" and _bare(f.name) not in _QUASI]
    if named:
        return Guess(named[0].name, "its name is that of a time")
    return Guess(dated[0].name, "all its values are dates") if dated else None


def _contributor(facts: Iterable[ColumnFacts]) -> Guess | None:
    repeated = {_bare(f.name): f for f in facts if f.sampled and f.distinct < f.sampled}
    word = next((word for word in _CONTRIBUTORS if word in repeated), None)
    if word is None:
        return None
    fact = repeated[word]
    return Guess(fact.name, f"its name is that of a contributor; {fact.distinct} values in {fact.sampled} rows")


def _identifiers(facts: Iterable[ColumnFacts]) -> Iterable[Guess]:
    for fact in facts:
        named = any(word.lower() in _IDENTIFYING for word in _WORD.findall(fact.name))
        if fact.unique and ((fact.kind == "text" and (named or not fact.spaced)) or (fact.kind == "int" and named)):
            yield Guess(fact.name, f"no value repeats in {fact.sampled} rows")


def _shared(table: TableFile, others: Sequence[TableFile]) -> tuple[str, int] | None:
    own = {fact.name for fact in table.columns}
    counts = [(o.path, len(own & {f.name for f in o.columns})) for o in others[:50] if o.path != table.path]
    best = max(counts, key=lambda pair: pair[1], default=None)
    return best if best and best[1] else None
