"""Whether a ledger goes on from the last evidence, and whether that evidence is of the last run.

A ledger that was set back to an older copy verifies by itself; only a head kept elsewhere shows what is gone, and the
last pack keeps one.
"""

from typing import TYPE_CHECKING

from redan.errors import InvalidError
from redan.evidence.form import read_pack
from redan.evidence.ledger_entries import decode
from redan.ledger import proof
from redan.ledger.checkpoint import Checkpoint, open_checkpoint

if TYPE_CHECKING:
    from redan.ledger.store import Ledger
    from redan.seal.keys import PublicKey


def head_of(pack: bytes, key: "PublicKey") -> Checkpoint:
    """The ledger's head that a pack was proven under; its statements are not verified here.

    Args:
        pack: the bytes of a pack.
        key: the public key of the ledger.

    Raises:
        InvalidError: the bytes are no pack, or its head is not signed by this key.
    """
    receipt = proof.parse(read_pack(pack).run.receipt)
    return open_checkpoint(receipt.checkpoint, key, canonical=True)


def later_run(ledger: "Ledger", head: Checkpoint) -> int | None:
    """The first entry after a head that ends a run; None when there is none.

    Args:
        ledger: an open store.
        head: of a pack, verified.

    Raises:
        InvalidError: the ledger does not go on from that head.
    """
    ledger.check_extends(head)
    for index, data in enumerate(ledger.entries(head.size), start=head.size):
        try:
            if decode(data).type == "checked":
                return index
        except InvalidError:
            continue  # an entry of another kind, such as the gateway's
    return None
