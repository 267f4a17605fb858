"""Signs rows where they arise: the contributor's half of verified participation."""

from pathlib import Path

from redan.errors import UsageError
from redan.measures.participants.message import message_rows, opened, signed_bytes
from redan.measures.participants.register import Register
from redan.seal.encoding import encode
from redan.seal.keys import Signer
from redan.tables import table_of

__all__ = ["sign_rows"]


def sign_rows(rows: object, register: Register, participant: str, signer: Signer) -> list[str]:
    """The signature of each row, to be stored in the dataset's signature column.

    Rows that are alike have one message, and a message counts once: give each row a number or a time of its own.

    Args:
        rows: a file, or any frame that `redan.tables.table_of` understands, with the columns of the register.
        register: says what a message holds and what it is for.
        participant: id of whoever signs.
        signer: the participant's private key, from `redan.seal.keys`.

    Returns:
        One base64 text per row, in order; empty for no rows.

    Raises:
        InputError: a column is missing, or a value has no canonical form.
        UsageError: the register does not know the participant, or another key is theirs.
    """
    known = register.participants.get(participant)
    if known is None or signer.public.key_id not in {key.key_id for key in known.keys}:
        raise UsageError(
            f"the register has no participant {participant!r} with this key", remedy="register the public key first"
        )
    table = opened(rows) if isinstance(rows, Path) else table_of(rows)
    return [
        encode(signer.sign(signed_bytes(digest.tobytes(), participant, register.context, register.columns)))
        for block in message_rows(table, register.columns)
        for digest in block.digests
    ]
