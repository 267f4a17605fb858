"""The verifier: a pack and a public key in, results or the faulty part out; no network, no ledger, no clock.

Every byte of a pack is either recomputed here or covered by a signature that is checked here; docs/spec/evidence.md
lists which. The closing statement is opened first, because it names and counts all others.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from redan.canon import Json, digest_of
from redan.errors import InvalidError, RedanError
from redan.evidence.form import TEST_RESULT_NAME, Entry, Pack, read_pack
from redan.evidence.ledger_entries import LedgerEntry, encode
from redan.evidence.predicates import Closing, Control, Registration, ResultPredicate, Statement, descriptor
from redan.evidence.registration import POLICY_NAME
from redan.evidence.statements import (
    DESCRIPTION,
    control_result,
    policy_of,
    read,
    result_statement,
    results_of,
)
from redan.ledger import proof
from redan.ledger.checkpoint import Checkpoint
from redan.runner.records import ControlResult, Results
from redan.seal import dsse
from redan.seal.in_toto import PAYLOAD_TYPE, moment

if TYPE_CHECKING:
    from redan.seal.keys import PublicKey

_RUN = "run"
_AGAIN = "fetch the pack again from whoever signed it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a pack proves.

    Args:
        results: as the run left them, costs excepted.
        registered: when the policy was registered, UTC, by the signer's clock.
        policy_index: the policy's place in the ledger, before that of every result.
        first_index: the place of the first result.
        key_id: of the public key, 64 hex digits.
        checkpoint: the ledger's head under which all receipts are proven.
        evidence: control id to the SHA-256 of its envelope, as the ledger holds it.
    """

    results: Results
    registered: dt.datetime
    policy_index: int
    first_index: int
    key_id: str
    checkpoint: Checkpoint
    evidence: Mapping[str, str]

    @property
    def statements(self) -> int:
        """How many signed statements were verified."""
        return len(self.evidence) + 3


def verify(pack: bytes, public_key: "PublicKey") -> Verified:
    """Accepts a pack or names the part of it that is not what was signed.

    Args:
        pack: the bytes of the file, from anyone.
        public_key: of the signer, obtained another way than the pack.

    Returns:
        The results and what dates them.

    Raises:
        InvalidError: anything at all is not as the signer left it; `where` names the entry.
    """
    return _Verifier(read_pack(pack), public_key).run()


@dataclass(slots=True)
class _Verifier:
    pack: Pack
    key: "PublicKey"

    def run(self) -> Verified:
        with _part(_RUN):
            closing = read(self._open(self.pack.run), Closing)
        names = self._names(closing)
        registration = self._policy(closing)
        controls: list[ControlResult] = []
        for number, (name, entry) in enumerate(zip(names, self.pack.evidence, strict=True)):
            with _part(f"evidence {number} ({name})"):
                controls.append(self._control(entry, name, closing))
        results = self._results(closing, registration, tuple(controls))
        self._test_result(results)
        return self._dated(registration, results)

    def _open(self, entry: Entry) -> bytes:
        return dsse.open_sealed(entry.sealed, self.key, PAYLOAD_TYPE, canonical=True)

    def _names(self, closing: Statement[Closing]) -> list[str]:
        """The control ids in the order that the closing statement gives; every envelope is the one it lists."""
        listed = {item.name: item.digest.sha256 for item in closing.predicate.statements}
        names = list(listed)
        with _part(_RUN):
            if len(names) != len(closing.predicate.statements):
                raise InvalidError("the closing statement lists a name twice")
            if len(names) < 3 or (names[0], names[-1]) != (POLICY_NAME, TEST_RESULT_NAME):  # noqa: PLR2004
                raise InvalidError("the closing statement does not list policy, evidence and test-result")
        controls = names[1:-1]
        held = [(POLICY_NAME, POLICY_NAME, self.pack.policy)]
        for number, entry in enumerate(self.pack.evidence):
            name = controls[number] if number < len(controls) else None
            held.append((name or "", f"evidence {number} ({name})" if name else f"evidence {number}", entry))
        held.append((TEST_RESULT_NAME, "result", self.pack.result))
        self._match(held, listed)
        return controls

    def _match(self, held: list[tuple[str, str, Entry]], listed: Mapping[str, str]) -> None:
        """Every envelope that the pack holds is the one listed at its place, and none is missing."""
        name_of = {sha256: name for name, sha256 in listed.items()}
        for _, where, entry in held:
            if entry.sha256 not in name_of:
                with _part(where):
                    self._open(entry)  # a broken signature says more than a broken digest
                    raise InvalidError("the envelope is not a statement of this run", remedy=_AGAIN)
        found = {name_of[entry.sha256] for _, _, entry in held}
        missing = next((name for name in listed if name not in found), None)
        for expected, where, entry in held:
            actual = name_of[entry.sha256]
            if actual != expected and missing is None:
                raise InvalidError(f"the envelope holds the statement of {actual}", where=where, remedy=_AGAIN)
        if missing is not None:
            raise InvalidError(f"the statement of {missing} is missing", where="evidence", remedy=_AGAIN)

    def _policy(self, closing: Statement[Closing]) -> Statement[Registration]:
        with _part(POLICY_NAME):
            said = read(self._open(self.pack.policy), Registration)
            sha256 = digest_of(_policy(said))
            if said.subject != (descriptor(POLICY_NAME, sha256),):
                raise InvalidError("the statement is of another policy than it holds")
            if closing.predicate.policy != descriptor(POLICY_NAME, sha256):
                raise InvalidError("the run was made under another policy")
        return said

    def _control(self, entry: Entry, name: str, closing: Statement[Closing]) -> ControlResult:
        said = read(self._open(entry), Control)
        result = control_result(said)
        if result.control_id != name:
            raise InvalidError(f"the statement is about {result.control_id}")
        if said.predicate.run != closing.predicate.run:
            raise InvalidError("the statement is of another run")
        if said.predicate.policy != closing.predicate.policy:
            raise InvalidError("the statement was made under another policy")
        if descriptor(DESCRIPTION, result.digests.get(DESCRIPTION, "0" * 64)) not in closing.subject:
            raise InvalidError("the statement is of another description")
        return result

    def _results(
        self, closing: Statement[Closing], registration: Statement[Registration], controls: tuple[ControlResult, ...]
    ) -> Results:
        with _part(_RUN):
            if [item.name for item in closing.subject] != [DESCRIPTION]:
                raise InvalidError("the closing statement is not of the description alone")
            description = closing.subject[0].digest.sha256
            policy = _policy(registration)
            try:
                results = results_of(closing.predicate.run, controls, policy, description)
            except ValueError as error:
                raise InvalidError("the time of the run is no time") from error
            if closing.predicate.policy != policy_of(results):
                raise InvalidError("the run was made under another policy")
            return results

    def _test_result(self, results: Results) -> None:
        with _part("result"):
            said = read(self._open(self.pack.result), ResultPredicate)
            if said != result_statement(results):
                raise InvalidError("the test-result does not follow from the evidence")

    def _dated(self, registration: Statement[Registration], results: Results) -> Verified:
        with _part(POLICY_NAME):
            at = _moment(registration.predicate.at)
            policy_index, checkpoint = self._receipt(self.pack.policy, "policy", at, POLICY_NAME)
            if at > results.at:
                raise InvalidError("the policy was registered after the run")
        last = policy_index
        indices: list[int] = []
        for label, entry, kind, key in self._logged(results):
            with _part(label):
                index, head = self._receipt(entry, kind, results.at, key)
                if head != checkpoint or _note(entry) != _note(self.pack.policy):
                    raise InvalidError("the receipt is of another checkpoint than the policy's")
                if index <= policy_index:
                    raise InvalidError("the policy was registered after this result")
                if index <= last:
                    raise InvalidError("the ledger holds this statement before the one above it")
                last = index
                indices.append(index)
        names = [control.control_id for control in results.controls]
        return Verified(
            results=results,
            registered=at,
            policy_index=policy_index,
            first_index=indices[0],
            key_id=self.key.key_id,
            checkpoint=checkpoint,
            evidence=dict(zip(names, (entry.sha256 for entry in self.pack.evidence), strict=True)),
        )

    def _logged(self, results: Results) -> Iterator[tuple[str, Entry, str, str]]:
        for number, (control, entry) in enumerate(zip(results.controls, self.pack.evidence, strict=True)):
            yield f"evidence {number} ({control.control_id})", entry, "evidence", control.control_id
        yield "result", self.pack.result, "evidence", TEST_RESULT_NAME
        yield _RUN, self.pack.run, "checked", f"stage:{results.stage.value}"

    def _receipt(self, entry: Entry, kind: str, at: dt.datetime, key: str) -> tuple[int, Checkpoint]:
        logged = encode(LedgerEntry(type=kind, at=at, key=key, sha256=entry.sha256))
        checkpoint = proof.verify(entry.receipt, logged, self.key, canonical=True)
        return proof.parse(entry.receipt).index, checkpoint


def _policy(said: Statement[Registration]) -> Json:
    return cast("Json", said.predicate.policy)


def _note(entry: Entry) -> str:
    return proof.parse(entry.receipt).checkpoint


def _moment(text: str) -> dt.datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise InvalidError("the time of the registration is no time") from error


@contextmanager
def _part(name: str) -> Iterator[None]:
    """Names the part of the pack in which an error was met."""
    try:
        yield
    except RedanError as error:
        where = name if error.where is None else error.where
        raise InvalidError(error.what, where=where, remedy=error.remedy) from error
