"""The pack: all statements of a run with their receipts, one canonical JSON file that verifies on its own."""

from typing import TYPE_CHECKING, NamedTuple

from redan.canon import Json
from redan.errors import UsageError
from redan.evidence.form import PACK_LIMIT_BYTES, TEST_RESULT_NAME, Entry, Pack, envelope_sha256, write_pack
from redan.evidence.ledger_entries import LedgerEntry, encode
from redan.evidence.predicates import Closing, descriptor
from redan.evidence.registration import POLICY_NAME, Registered
from redan.evidence.statements import (
    DESCRIPTION,
    control_statement,
    policy_of,
    result_statement,
    run_of,
    statement,
    write,
)
from redan.evidence.verify import verify
from redan.runner.records import Results
from redan.seal import dsse
from redan.seal.in_toto import PAYLOAD_TYPE

if TYPE_CHECKING:
    from redan.ledger.store import Ledger
    from redan.seal.keys import Signer


class _Sealed(NamedTuple):
    name: str
    envelope: dict[str, Json]
    entry: bytes


def attest(results: Results, signer: "Signer", *, ledger: "Ledger", registered: Registered) -> bytes:
    """Signs a run's results, appends their digests to the ledger, and packs all of it for an offline verifier.

    Args:
        results: of the run.
        signer: the evidence key; the ledger must sign with the same one.
        ledger: an open store that holds the registration.
        registered: from `register_policy`, called before the run.

    Returns:
        The bytes of the pack, verified once before they are given back.

    Raises:
        UsageError: the run has no control, was not made under the registered policy, or holds what JSON cannot carry.
        InvalidError: the ledger signs with another key.
    """
    _check_registration(results, ledger, registered)
    sealed = _sealed(results, signer, registered)
    indices = ledger.append([item.entry for item in sealed])
    receipts = ledger.receipts([registered.index, *indices])
    entries = [Entry.of(item.envelope, text) for item, text in zip(sealed, receipts[1:], strict=True)]
    *evidence, result, run = entries
    policy = Entry.of(registered.envelope, receipts[0])
    data = write_pack(Pack(policy=policy, evidence=tuple(evidence), result=result, run=run))
    if len(data) > PACK_LIMIT_BYTES:
        raise UsageError(f"the pack is larger than {PACK_LIMIT_BYTES:,} bytes", remedy="aggregate findings")
    verify(data, signer.public)
    return data


def _check_registration(results: Results, ledger: "Ledger", registered: Registered) -> None:
    if not results.controls:
        raise UsageError("a run without controls is no evidence")
    if results.policy_sha256 != registered.policy_sha256:
        raise UsageError(
            "the run was not made under the registered policy", remedy="register the policy that the run uses"
        )
    if registered.index >= ledger.size or ledger.entry(registered.index) != registered.entry:
        raise UsageError("the policy is not registered in this ledger", remedy="register it before the run")


def _sealed(results: Results, signer: "Signer", registered: Registered) -> list[_Sealed]:
    def seal(name: str, kind: str, key: str, payload: bytes) -> _Sealed:
        envelope = dsse.seal(payload, PAYLOAD_TYPE, signer)
        entry = LedgerEntry(type=kind, at=results.at, key=key, sha256=envelope_sha256(envelope))
        return _Sealed(name, envelope, encode(entry))

    sealed = [
        seal(control.control_id, "evidence", control.control_id, write(control_statement(control, results)))
        for control in results.controls
    ]
    said = write(result_statement(results))
    sealed.append(seal(TEST_RESULT_NAME, "evidence", TEST_RESULT_NAME, said))
    listed = [(POLICY_NAME, envelope_sha256(registered.envelope))]
    listed += [(item.name, envelope_sha256(item.envelope)) for item in sealed]
    closing = Closing(
        run=run_of(results),
        policy=policy_of(results),
        statements=tuple(descriptor(name, sha256) for name, sha256 in listed),
    )
    subject = (descriptor(DESCRIPTION, results.description_sha256),)
    sealed.append(seal("run", "checked", f"stage:{results.stage.value}", write(statement(closing, subject))))
    return sealed
