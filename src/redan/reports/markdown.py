"""Markdown: the verdict and the table of controls, for a pull request or a wiki."""

from collections.abc import Iterator

from redan.gating import Row
from redan.reports.material import Material, is_silent
from redan.reports.words import MARKS, headline, plain_count

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>()#|!~"})


def render(material: Material) -> bytes:
    """The report as GitHub-flavoured Markdown; text from the description is escaped."""
    return ("\n".join(_lines(material)) + "\n").encode()


def _lines(material: Material) -> Iterator[str]:
    yield f"# {_escaped(material.system.about.name)}: {headline(material)}"
    yield ""
    for reason in material.judgement.reasons:
        where = f" ({_escaped(reason.where)})" if reason.where else ""
        yield f"- **{_escaped(reason.about)}** {_escaped(reason.what)}{where}"
    yield ""
    yield "| | control | | required | findings |"
    yield "|---|---|---|---|---|"
    silent = 0
    for row in material.judgement.rows:
        if is_silent(row):
            silent += 1
        else:
            yield _row(row)
    yield ""
    if silent:
        yield f"{plain_count(silent, 'more control')} without a check yet; none of them counts as holding."
        yield ""
    results = material.results
    results = material.results
    yield f"Policy `{results.policy_sha256[:16]}`, seed {results.seed}, redan {results.tool}."
    yield ""
    yield f"    {material.reproduce}"


def _row(row: Row) -> str:
    outcome = f"{MARKS[row.outcome]} {row.outcome.value}{' (waived)' if row.waived else ''}"
    shown = [j.finding for j in row.findings if j.finding.outcome is row.outcome][:3]
    text = "<br>".join(_escaped(finding.message) for finding in shown)
    return f"| {outcome} | {row.control_id} | {_escaped(row.title)} | {'yes' if row.required else ''} | {text} |"


def _escaped(text: str) -> str:
    return " ".join(text.translate(_SPECIAL).split())
