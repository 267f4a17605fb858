"""Fakes for what lies at the edge: keys, clocks and ledgers that behave the same on every run."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from redan.canon import digest
from redan.files import write_atomic
from redan.ledger.store import Ledger
from redan.seal.keys import Signer, load_signer


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still.

    Args:
        at: the time it shows, UTC.
    """

    at: dt.datetime = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        """The time."""
        return self.at


def signer_of(seed: str, folder: Path) -> Signer:
    """An Ed25519 signer whose key follows from a word; never for evidence that anybody should believe.

    Args:
        seed: any text; equal texts give equal keys.
        folder: where the key file is written.
    """
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(digest(seed.encode())))
    path = folder / f"{digest(seed.encode())[:16]}.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomic(path, pem, mode=0o600)
    return load_signer(path)


def scratch_ledger(folder: Path, signer: Signer) -> Ledger:
    """A real, empty ledger in a scratch folder, with an origin that is the same on every run."""
    return Ledger.open(folder, signer, origin="redan.testing/scratch")
