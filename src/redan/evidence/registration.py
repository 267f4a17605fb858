"""Pre-registration: the policy is signed and logged before the first check, so no threshold follows its result."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from redan.canon import Json, canonical, digest, digest_of
from redan.errors import UsageError
from redan.evidence.ledger_entries import LedgerEntry, encode
from redan.evidence.predicates import Registration, descriptor
from redan.evidence.statements import first_fault, statement, write
from redan.seal import dsse
from redan.seal.in_toto import PAYLOAD_TYPE, timestamp

if TYPE_CHECKING:
    from redan.ledger.store import Ledger
    from redan.seal.keys import Signer

POLICY_NAME = "policy"


@dataclass(frozen=True, slots=True)
class Registered:
    """A policy in the ledger.

    Args:
        envelope: the sealed statement.
        index: of its entry.
        entry: the logged bytes.
        policy_sha256: of the canonical policy document.
    """

    envelope: dict[str, Json]
    index: int
    entry: bytes
    policy_sha256: str


def policy_document(
    *,
    require: Sequence[str] | None,
    thresholds: Mapping[str, float],
    waivers_sha256: str | None,
    baseline_sha256: str | None,
    catalogue_sha256: str,
    seed: int,
    budget: str,
) -> dict[str, Json]:
    """Everything that decides a verdict besides the artifacts, as one JSON value.

    Args:
        require: ids that must hold; None for the whole catalogue.
        thresholds: control id to the threshold that `redan.toml` sets.
        waivers_sha256: of the waiver file; None when there is none.
        baseline_sha256: of the baseline file; None when there is none.
        catalogue_sha256: of the catalogue.
        seed: of every random choice.
        budget: dearest tier that may run.
    """
    return {
        "schema": "redan/policy/v1",
        "require": None if require is None else list(require),
        "thresholds": dict(thresholds),
        "waivers": waivers_sha256,
        "baseline": baseline_sha256,
        "catalogue": catalogue_sha256,
        "seed": seed,
        "budget": budget,
    }


def register_policy(ledger: "Ledger", policy: Json, signer: "Signer", at: dt.datetime) -> Registered:
    """Signs a policy and appends it to the ledger; called before the first check starts.

    Args:
        ledger: an open store that signs with the same key.
        policy: the document, see `policy_document`.
        signer: the evidence key.
        at: now, UTC.

    Returns:
        What `attest` needs when the run is over.

    Raises:
        UsageError: the document is not JSON, or the ledger cannot be written.
    """
    try:
        said = statement(
            Registration(policy=policy, at=timestamp(at)),  # type: ignore[arg-type]
            (descriptor(POLICY_NAME, digest_of(policy)),),
        )
    except (ValidationError, ValueError) as error:
        raise UsageError(f"the policy document cannot be signed: {first_fault(error)}") from error
    envelope = dsse.seal(write(said), PAYLOAD_TYPE, signer)
    entry = encode(LedgerEntry(type="policy", at=at, key=POLICY_NAME, sha256=digest(canonical(envelope))))
    return Registered(envelope, ledger.append([entry]).start, entry, digest_of(policy))
