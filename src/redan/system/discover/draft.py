"""Writes a first redan.toml from what was found: facts, guesses with their reasons, and questions for people."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import tomlkit

from redan.errors import escaped
from redan.system.discover import guess
from redan.system.discover.found import Found, ModelFile, Pin
from redan.system.discover.guess import TableGuess
from redan.system.discover.showable import showable

_DATASETS = 50
_MODELS = 20
_FEATURES = 200
_SCRIPTS = 20
_PATH_CHARS = 1000  # shapes.PathText
_COLUMN_CHARS = 200  # shapes.Column
_DTYPES = {"int": "int64", "float": "float64", "bool": "bool", "date": "datetime", "text": "string"}
_PREPARING = {
    "sklearn": "scikit-learn", "pandas": "pandas", "torchvision": "torchvision", "cv2": "opencv-python",
    "PIL": "pillow", "imblearn": "imbalanced-learn", "category_encoders": "category-encoders", "librosa": "librosa",
    "nltk": "nltk", "torchaudio": "torchaudio", "skimage": "scikit-image", "polars": "polars",
}  # fmt: skip

TomlValue = str | int | bool | Sequence[str]


@dataclass(slots=True)
class _Text:
    """Lines of TOML; values go through tomlkit, comments lose what TOML forbids in them."""

    lines: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def say(self, *sentences: str) -> None:
        self.lines += [f"# {_comment(sentence)}" for sentence in sentences]

    def head(self, header: str, *, stub: bool = False) -> None:
        self.lines += ["", f"# {header}" if stub else header]

    def put(self, key: str, value: TomlValue, why: str) -> None:
        plain = value if isinstance(value, (str, int)) else list(value)
        self.lines.append(f"{key} = {tomlkit.item(plain).as_string()}  # {_comment(why)}")

    def ask(self, key: str, question: str, example: str = '""') -> None:
        self.lines.append(f"# {key} = {example}  # ask: {_comment(question)}")

    def name(self, kind: str, path: str) -> str:
        """A name for a file that no other element of its kind has."""
        *folders, file = path.split("/")
        bare = _slug(file.partition(".")[0]) or kind
        longer = _slug(f"{folders[-1]}-{bare}") if folders else bare
        options = (bare, longer, *(f"{longer}-{i}" for i in range(2, 10_000)))
        free = next(name for name in options if f"{kind}:{name}" not in self.names)
        self.names.add(f"{kind}:{free}")
        return free


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A table that the draft declares, by the name it was given."""

    name: str
    guess: TableGuess
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What the draft declares that models refer to."""

    datasets: Sequence[_Named]
    inputs: Sequence[str]
    packages: Sequence[str]


def draft(found: Found) -> str:
    """The text of a redan.toml that `read` accepts as it is.

    Args:
        found: what discovery found.

    Returns:
        TOML; with nothing found, a skeleton of questions.
    """
    found = showable(found)
    text = _Text()
    _preamble(text, found)
    _system(text, found)
    _people(text)
    datasets = _datasets(text, found)
    models = [m for m in found.models if len(m.path) <= _PATH_CHARS]
    models.sort(key=lambda m: ("mlruns/" in m.path, m.format != "ONNX", m.path))
    inputs = _features(text, models, datasets)
    packages = _preprocessors(text, found)
    names = _models(text, found, models, _Around(datasets=datasets, inputs=inputs, packages=packages))
    _endpoint(text, found, names)
    _flows(text)
    _decisions(text)
    return "\n".join(text.lines) + "\n"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._")[:60]


def _comment(text: str) -> str:
    printable = escaped(text)
    return printable if len(printable) <= 300 else printable[:297] + "..."  # noqa: PLR2004 -- a comment is one line


def _preamble(text: _Text, found: Found) -> None:
    text.say(
        "redan.toml: what this product is. Written by `redan init`; read every line before you rely on it.",
        "'found' is a fact about a file, 'guessed' is a guess with its reason, 'ask' needs the answer of a person:",
        "remove the first '#' of that line and fill it in.",
    )
    text.say(*(f"Left out: {note}." for note in found.notes))


def _system(text: _Text, found: Found) -> None:
    text.head("[system]")
    stage = guess.stage(found)
    name = "".join(c for c in found.name if c.isprintable())[:200].strip()
    text.put("name", name or "product", "guessed: the folder's name")
    text.put("stage", stage.value, f"guessed: {stage.why}")
    text.ask("owner", "who answers for the product's security?")
    text.ask("purpose", "what does the product decide or predict, in one sentence?")
    text.ask("regulated", "does a regulator demand explanations or records?", "true")
    text.ask("acts", "does an answer trigger an action without a person in between?", "true")
    text.ask("requirements", "where are the security requirements written down?")


def _people(text: _Text) -> None:
    text.head("[[person]]", stub=True)
    text.ask("name", "who works with the system? one table for each")
    text.ask("role", "security expert, architect, data scientist, developer, operator, auditor or product owner?")
    text.ask("trained_until", "until when is the person's security training valid?", "2027-12-31")
    text.head("[[source]]", stub=True)
    text.ask("name", "where does the data come from? one table for each source; then name it under `sources` below")
    text.ask("kind", "crowd, sensor, vendor, public or internal?", '"internal"')
    text.ask("host", "who hosts it?")
    text.ask("contributors", "who contributed the data?")
    text.ask("collection", "how was it collected?")
    text.ask("terms", "under which licence or terms may it be used?")


def _datasets(text: _Text, found: Found) -> list[_Named]:
    named: list[_Named] = []
    every = [g for g in guess.tables(found) if len(g.table.path) <= _PATH_CHARS]
    for table in every[:_DATASETS]:
        if table.role is None:
            _unknown_table(text, table)
            continue
        name = text.name("dataset", table.table.path)
        text.head("[[dataset]]")
        text.put("name", name, "guessed: the file's name")
        text.put("role", table.role.value, f"guessed: {table.role.why}")
        _columns(text, table)
        _data_questions(text)
        named.append(_Named(name=name, guess=table, role=table.role.value))
    if len(every) > _DATASETS:
        text.lines.append("")
        text.say(f"{len(every) - _DATASETS:,} more tables were found and are not listed.")
    return named


def _unknown_table(text: _Text, table: TableGuess) -> None:
    text.head("[[dataset]]", stub=True)
    text.ask("name", f"what is this {table.table.format} table for? nothing about its path says")
    text.ask("role", "train, validation, test, calibration, reference, current or site?")
    text.lines.append(f"# path = {tomlkit.item(table.table.path).as_string()}")


def _columns(text: _Text, table: TableGuess) -> None:
    count = len(table.table.columns)
    shared = f"; {table.shared[1]} of them also in {table.shared[0]}" if table.shared else ""
    columns = f", {count} columns{shared}" if count else ""
    text.put("path", table.table.path, f"found: {table.table.format}{columns}")
    for key, found, question in (
        ("label", table.label, "which column holds the true answer?"),
        ("time", table.time, "which column says when a row was recorded?"),
        ("contributor", table.contributor, "which column says who contributed a row?"),
    ):
        if found:
            text.put(key, found.value, f"guessed: {found.why}")
        else:
            text.ask(key, question)
    if table.identifiers:
        text.put("identifiers", [g.value for g in table.identifiers], f"guessed: {table.identifiers[0].why}")
    if table.sensitive:
        text.put("sensitive", table.sensitive, "guessed: by name; groups that must not be treated worse")
    if table.quasi_identifiers:
        text.put("quasi_identifiers", table.quasi_identifiers, "guessed: by name; together they may identify a person")


def _data_questions(text: _Text) -> None:
    text.ask("sources", "from which [[source]] tables was it collected?", "[]")
    text.ask("purpose", "what may the data be used for?")
    text.ask("lawful_basis", "why does the law allow that: consent, contract, legal obligation, ...?")
    text.ask("collected", "on which day was it collected?", "2026-01-31")
    text.ask("retention", "how long may it be kept: a date or a duration?", '"18 months"')
    text.ask("confidential", "must outsiders not see it?", "true")


def _features(text: _Text, models: Sequence[ModelFile], datasets: Sequence[_Named]) -> list[str]:
    """Writes the features of the first model and returns their names."""
    training = next((d for d in datasets if d.role == "train" and d.guess.facts), None)
    facts = training.guess.facts if training else {}
    ports = models[0].inputs if models else ()
    columns = training.guess.inputs() if training else ()
    if len(ports) > 1 or (ports and (ports[0].name in facts or not columns or len(ports[0].shape) > 2)):  # noqa: PLR2004
        chosen = [(p.name, p.dtype, f"found: an input of {models[0].path}") for p in ports]
    else:
        why = "guessed: a column of the training table that is no answer, time or identifier"
        chosen = [(fact.name, _DTYPES.get(fact.kind, ""), why) for fact in columns]
    names: list[str] = []
    for name, dtype, why in chosen[:_FEATURES]:
        if not 0 < len(name) <= _COLUMN_CHARS or name in names:
            continue
        names.append(name)
        text.head("[[feature]]")
        text.put("name", name, why)
        if training and name in facts:
            text.put("from", f"dataset:{training.name}", "guessed: the table has a column of this name")
        if dtype:
            text.put("dtype", dtype, "found" if why.startswith("found") else "guessed: from the first rows")
    if names:
        text.say("ask, of each feature: needed_for (why the task needs it) and sensitivity (none, low or high)?")
    return names


def _why_inputs(model: ModelFile, inputs: Sequence[str]) -> str:
    size = model.inputs[0].shape[-1] if len(model.inputs) == 1 and model.inputs[0].shape else None
    if size is None or len(inputs) == 1:
        return "guessed: the features above"
    return f"guessed: the features above; the model takes {size} numbers, and these are {len(inputs)} columns"


def _preprocessors(text: _Text, found: Found) -> list[str]:
    imported = {name: s.path for s in reversed(found.scripts) if s.trains for name in s.imports if name in _PREPARING}
    names: list[str] = []
    for module in sorted(imported):
        package = _PREPARING[module]
        name = text.name("preprocessor", package)
        names.append(name)
        text.head("[[preprocessor]]")
        text.put("name", name, f"guessed: {imported[module]} imports {module}")
        text.put("package", package, "guessed: the distribution of that module")
        pin = found.pins.get(package)
        if pin and pin.version:
            text.put("version", pin.version[:100], f"found: {pin.path}")
        else:
            text.ask("version", _unpinned(pin))
        text.put("third_party", value=True, why="guessed: a public package")
    return names


def _unpinned(pin: Pin | None) -> str:
    return f"which exact version? {pin.path} does not pin it" if pin else "which exact version?"


def _models(text: _Text, found: Found, models: Sequence[ModelFile], around: _Around) -> list[str]:
    names: list[str] = []
    for number, model in enumerate(models[:_MODELS]):
        names.append(text.name("model", model.path))
        text.head("[[model]]")
        text.put("name", names[-1], "guessed: the file's name")
        warning = "; loading it runs code that it brings" if model.runs_code else ""
        text.put("path", model.path, f"found: {model.format}{warning}")
        _training(text, found, model, around.datasets)
        if around.inputs and number == 0:
            text.put("inputs", around.inputs, _why_inputs(model, around.inputs))
        outputs = [p.name for p in model.outputs if 0 < len(p.name) <= _COLUMN_CHARS]
        if outputs:
            text.put("outputs", outputs, "found: in the file")
        if around.packages:
            text.put("preprocessors", around.packages, "guessed: see above")
        text.ask("base", "was it made from a pretrained model? then describe that one as a [[model]] too")
        text.ask("publisher", "who made it, when it was not you? also source, licence and sha256")
        text.ask("confidential", "must outsiders not get a copy?", "true")
    return names


def _training(text: _Text, found: Found, model: ModelFile, datasets: Sequence[_Named]) -> None:
    trained = [d for d in datasets if d.role == "train"]
    judged = [d for d in datasets if d.role in {"validation", "test"}]
    label = next((d.guess.facts[d.guess.label.value] for d in trained if d.guess.label), None)
    task = guess.task(label)
    text.put("task", task.value, f"guessed: {task.why}")
    if trained:
        text.put("trained_on", [d.name for d in trained], "guessed: all training tables")
    else:
        text.ask("trained_on", "on which [[dataset]] tables was it trained?", "[]")
    if judged:
        text.put("validated_on", [d.name for d in judged], "guessed: all validation and test tables")
    else:
        text.ask("validated_on", "on which [[dataset]] tables was it validated or tested?", "[]")
    scripts = [(s, why) for s, why in guess.training_scripts(found, model)[:_SCRIPTS] if len(s.path) <= _PATH_CHARS]
    if scripts:
        text.put("code", [script.path for script, _ in scripts], f"guessed: {scripts[0][1]}")
    else:
        text.ask("code", "which scripts and configuration files made it?", "[]")


def _endpoint(text: _Text, found: Found, models: Sequence[str]) -> None:
    places = [(s.path, s.kind, s.public) for s in found.serving]
    places += [(s.path, s.serves, False) for s in found.scripts if s.serves]
    stub = not (places and models)
    text.head("[[endpoint]]", stub=stub)
    if stub:
        text.ask("name", "where does a model answer? one table for each place")
        text.ask("model", "which [[model]] answers there?")
        text.ask("exposure", "who can reach it: public, partner, internal or local?")
    else:
        public = next((path for path, _, public in places if public), "")
        why = f"{public} asks for an address outside the cluster" if public else "nothing says that it is public"
        text.put("name", text.name("endpoint", models[0]), "guessed: the model's name")
        text.put("model", models[0], "guessed: " + ", ".join(f"{path} ({kind})" for path, kind, _ in places[:4]))
        text.put("exposure", "public" if public else "internal", f"guessed: {why}")
    text.ask("clients", "who is meant to use it?")
    text.ask("answers", "how much does each answer tell: label, top-k, probabilities or score?", '"probabilities"')
    text.ask("authenticated", "are clients authenticated?", "true")
    text.ask("rate_limited", "is the number of requests per client limited?", "true")
    text.ask("logged", "are requests and answers logged?", "true")


def _flows(text: _Text) -> None:
    text.head("[[boundary]]", stub=True)
    text.ask("name", "across which lines does trust change, such as the edge of the company network?")
    text.ask("contains", "which elements lie inside?", '["dataset:train"]')
    text.head("[[flow]]", stub=True)
    text.ask("from", "how does data move? one table for each way", '"source:NAME"')
    text.ask("to", "to which element?", '"dataset:NAME"')
    text.ask("protection", "none, tls, mtls or signed?", '"none"')


def _decisions(text: _Text) -> None:
    text.head('[controls."A-MLSG-001-C003"]', stub=True)
    text.ask("decision", "adopted or rejected? every Consider control wants a decision; see `redan explain ID`")
    text.ask("reason", "why?")
    text.ask("owner", "who answers for it?")
    text.ask("review", "by which day is it looked at again?", "2027-06-30")
    text.head("[policy]")
    text.say("Every control is required, unless `require` lists the ids of those that are.")
    text.lines.append("seed = 0")
