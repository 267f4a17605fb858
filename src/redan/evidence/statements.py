"""From results to statements and back; what cannot be written back byte for byte is not accepted."""

from collections.abc import Iterable
from typing import TypeVar, cast

from pydantic import ValidationError

from redan.canon import Json, canonical, parse_canonical
from redan.errors import InvalidError, UsageError
from redan.evidence.predicates import (
    CONTROL,
    POLICY,
    RUN,
    TEST_RESULT,
    About,
    Advice,
    Answer,
    Closing,
    Control,
    Descriptor,
    Measured,
    Place,
    Registration,
    ResultPredicate,
    Run,
    Statement,
    descriptor,
)
from redan.findings import Finding, Interval, Location, Measure, Remedy
from redan.runner.records import ControlResult, Results
from redan.seal.in_toto import moment, timestamp
from redan.seal.strict import Strict
from redan.terms import Outcome

STATEMENT_LIMIT_BYTES = 16 << 20
DESCRIPTION = "description"
_DEPTH = 24
TYPES: dict[type[Strict], str] = {Registration: POLICY, Control: CONTROL, ResultPredicate: TEST_RESULT, Closing: RUN}
_PASSED = {Outcome.HOLDS: True, Outcome.BROKEN: False}
S = TypeVar("S", bound=Strict)


def write(statement: Statement[S]) -> bytes:
    """The canonical bytes of a statement.

    Raises:
        UsageError: it holds a number that JSON cannot carry, or is too large to be read again.
    """
    try:
        data = canonical(statement.model_dump(mode="json", by_alias=True))
    except ValueError as error:
        raise UsageError(f"the statement cannot be written: {error}") from error
    if len(data) > STATEMENT_LIMIT_BYTES:
        raise UsageError(f"the statement is larger than {STATEMENT_LIMIT_BYTES:,} bytes", remedy="aggregate findings")
    return data


def read(payload: bytes, predicate: type[S]) -> Statement[S]:
    """The statement of one predicate behind verified bytes.

    Args:
        payload: what `dsse.open_sealed` gave.
        predicate: the only predicate that is accepted.

    Raises:
        InvalidError: the bytes are not exactly those that `write` gives for such a statement.
    """
    try:
        value = parse_canonical(payload, limit_bytes=STATEMENT_LIMIT_BYTES, depth=_DEPTH)
    except ValueError as error:
        raise InvalidError(f"the statement is {error}") from error
    kind = value.get("predicateType") if isinstance(value, dict) else None
    if kind != TYPES[predicate]:
        raise InvalidError(f"the statement's predicateType is not {TYPES[predicate]!r}")
    try:
        form = cast("type[Statement[S]]", Statement.__class_getitem__(predicate))
        said = form.model_validate_json(payload)
        same = canonical(said.model_dump(mode="json", by_alias=True)) == payload
    except (ValidationError, ValueError) as error:
        raise InvalidError(f"the statement does not have its schema: {first_fault(error)}") from error
    if not same:
        raise InvalidError("the statement says something that its schema does not carry")
    return said


def first_fault(error: ValueError) -> str:
    """Where a value leaves its schema, without quoting the value."""
    if not isinstance(error, ValidationError):
        return str(error)
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"


def statement(predicate: S, subject: Iterable[Descriptor]) -> Statement[S]:
    """A statement that says `predicate` of `subject`."""
    kind = cast("type[Statement[S]]", Statement.__class_getitem__(type(predicate)))
    return kind(subject=tuple(subject), predicate_type=TYPES[type(predicate)], predicate=predicate)


def control_statement(result: ControlResult, results: Results) -> Statement[Control]:
    """What the checks of one control found, said of everything they read.

    Raises:
        UsageError: a finding holds a value that a statement cannot carry; names the control.
    """
    try:
        predicate = Control(
            control=About(id=result.control_id, kind=result.kind, title=result.title),
            outcome=result.outcome,
            findings=tuple(_answer(finding) for finding in result.findings),
            run=run_of(results),
            policy=policy_of(results),
            assurance_level="self_attested",
        )
        digests = {**result.digests, DESCRIPTION: results.description_sha256}
        return statement(predicate, _subjects(digests.items()))
    except (ValidationError, ValueError) as error:
        raise UsageError(f"the findings cannot be attested: {first_fault(error)}", where=result.control_id) from error


def control_result(said: Statement[Control]) -> ControlResult:
    """The result that a control's statement was written from.

    Raises:
        InvalidError: an artifact or a finding contradicts itself.
    """
    digests = {item.name: item.digest.sha256 for item in said.subject}
    if said.subject != _subjects(digests.items()):
        raise InvalidError("the statement's subjects are not sorted and unique")
    findings = tuple(_finding(answer) for answer in said.predicate.findings)
    if tuple(_answer(finding) for finding in findings) != said.predicate.findings:
        raise InvalidError("a finding's fingerprint or `passed` contradicts the rest of it")
    about = said.predicate.control
    if any(finding.control != about.id for finding in findings):
        raise InvalidError("a finding is of another control")
    return ControlResult(
        control_id=about.id,
        kind=about.kind,
        title=about.title,
        outcome=said.predicate.outcome,
        findings=findings,
        digests=digests,
    )


def result_statement(results: Results) -> Statement[ResultPredicate]:
    """The whole run as `test-result/v0.1`, one test per control, said of every artifact that was read.

    That predicate has no word for "was not answered", so what has no answer is listed as failed: a verifier that knows
    nothing but it must not take silence for a pass. A control that does not apply is listed nowhere.

    Raises:
        UsageError: two controls saw different bytes of one artifact.
    """
    subjects: dict[str, str] = {DESCRIPTION: results.description_sha256}
    for control in results.controls:
        for name, sha256 in control.digests.items():
            if subjects.setdefault(name, sha256) != sha256:
                raise UsageError(f"{name} changed during the run", remedy="run again when nothing writes to it")
    passed = tuple(c.control_id for c in results.controls if c.outcome is Outcome.HOLDS)
    beside = (Outcome.HOLDS, Outcome.NOT_APPLICABLE)
    failed = tuple(c.control_id for c in results.controls if c.outcome not in beside)
    predicate = ResultPredicate(
        result="FAILED" if failed or not passed else "PASSED",
        configuration=(policy_of(results),),
        passed_tests=passed,
        warned_tests=(),
        failed_tests=failed,
    )
    return statement(predicate, _subjects(subjects.items()))


def run_of(results: Results) -> Run:
    """What all statements of one run have in common."""
    return Run(
        system=results.system_name,
        stage=results.stage,
        at=timestamp(results.at),
        seed=results.seed,
        tool=results.tool,
    )


def policy_of(results: Results) -> Descriptor:
    """The policy by its digest."""
    return descriptor("policy", results.policy_sha256)


def results_of(run: Run, controls: tuple[ControlResult, ...], policy: Json, description_sha256: str) -> Results:
    """The results behind the statements of one run; costs are never attested."""
    return Results(
        system_name=run.system,
        stage=run.stage,
        controls=controls,
        seed=run.seed,
        at=moment(run.at),
        policy=policy,
        tool=run.tool,
        description_sha256=description_sha256,
    )


def _subjects(digests: Iterable[tuple[str, str]]) -> tuple[Descriptor, ...]:
    return tuple(descriptor(name, sha256) for name, sha256 in sorted(digests))


def _answer(finding: Finding) -> Answer:
    place, remedy = finding.location, finding.remedy
    canonical(finding.detail)  # refuses here what reading back would quietly round
    return Answer(
        check=finding.check,
        subject=finding.subject,
        part=finding.part,
        outcome=finding.outcome,
        passed=_PASSED.get(finding.outcome),
        message=finding.message,
        measure=None if finding.measure is None else _measured(finding.measure),
        location=None if place is None else Place(file=place.file, line=place.line),
        remedy=None if remedy is None else Advice(text=remedy.text, command=remedy.command, effort=remedy.effort),
        fingerprint=finding.fingerprint,
        detail=dict(finding.detail),  # type: ignore[arg-type]
    )


def _measured(measure: Measure) -> Measured:
    return Measured(
        metric=measure.name,
        value=measure.value,
        interval=None if measure.interval is None else (measure.interval.low, measure.interval.high),
        sample_size=measure.n,
        threshold=measure.threshold,
        comparator=measure.comparator,
        unit=measure.unit,
        confidence=measure.confidence,
    )


def _finding(answer: Answer) -> Finding:
    place, remedy = answer.location, answer.remedy
    return Finding(
        check=answer.check,
        subject=answer.subject,
        outcome=answer.outcome,
        message=answer.message,
        part=answer.part,
        measure=None if answer.measure is None else _measure(answer.measure),
        location=None if place is None else Location(file=place.file, line=place.line),
        remedy=None if remedy is None else Remedy(text=remedy.text, command=remedy.command, effort=remedy.effort),
        detail=dict(answer.detail),
    )


def _measure(measured: Measured) -> Measure:
    return Measure(
        name=measured.metric,
        value=measured.value,
        interval=None if measured.interval is None else Interval(*measured.interval),
        n=measured.sample_size,
        threshold=measured.threshold,
        comparator=measured.comparator,
        unit=measured.unit,
        confidence=measured.confidence,
    )
