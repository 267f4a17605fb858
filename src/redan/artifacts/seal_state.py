"""What a seal comes to against one trusted key: valid over these files, or the first thing that is wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redan.canon import Json
from redan.errors import InputError, InvalidError, RedanError, UsageError
from redan.files import read_bounded

if TYPE_CHECKING:
    from redan.seal.keys import PublicKey
    from redan.seal.oms import Chain

SEAL_LIMIT_BYTES = 64 << 20
KEY_LIMIT_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SealState:
    """One seal over one file or folder.

    Args:
        fault: what is wrong, one sentence without a full stop; the empty string when it is valid.
        root: root digest of what is sealed; the empty string when it is not valid.
        key_id: of the key that it was verified against; the empty string when there is none.
        names: the files it covers, as it lists them; empty when it is not valid.
        inputs: SHA-256 of the seal's and of the key's bytes, where they could be read.
    """

    fault: str = ""
    root: str = ""
    key_id: str = ""
    names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault

    def to_json(self) -> Json:
        """All that an answer may rest on."""
        return [self.fault, self.root, self.key_id, list(self.names), list(self.inputs)]


def seal_state(root: Path, path: Path, seal: Path, key: Path) -> SealState:
    """Verifies one seal; every byte below the path is read.

    Args:
        root: of the project; messages name files below it.
        path: what is sealed: a file or a folder, in which the seal itself may lie.
        seal: the seal's file.
        key: the trusted public key's file.

    Returns:
        The state; a seal or key that is not what it should be is a fault, not an error.

    Raises:
        IncompleteError: what the seal needs is not installed, such as another hash.
    """
    from redan.canon import digest
    from redan.seal.oms import Chain, verify

    inputs: list[str] = []
    key_id = ""
    try:
        bundle = read_bounded(seal, SEAL_LIMIT_BYTES)
        text = read_bounded(key, KEY_LIMIT_BYTES)
        inputs = [digest(bundle), digest(text)]
        trust = trusted(key, text)
        key_id = "" if isinstance(trust, Chain) else trust.key_id
        sealed = verify(path, bundle, trust)
    except (InvalidError, InputError, UsageError) as error:
        return SealState(fault=_said(error, root), key_id=key_id, inputs=tuple(inputs))
    if sealed.left_out:  # valid under the standard; what nobody vouches for has no place beside a released model
        fault = f"{sealed.left_out[0]}: lies among the sealed files, and its signer left it out"
        return SealState(fault=fault, key_id=key_id, inputs=tuple(inputs))
    return SealState(root=sealed.root, key_id=sealed.key_id, names=sealed.names, inputs=tuple(inputs))


def trusted(key: Path, text: bytes | None = None) -> "Chain | PublicKey":
    """Whom a key file makes trusted: the public key in it, or the authority whose certificate it is.

    Args:
        key: the file.
        text: its bytes, when they have been read.

    Raises:
        UsageError: it holds neither.
        InputError: it cannot be read.
    """
    from redan.seal.keys import parse_public
    from redan.seal.oms import Chain, chain

    held = read_bounded(key, KEY_LIMIT_BYTES) if text is None else text
    if b"-----BEGIN CERTIFICATE-----" in held:
        return Chain(anchors=chain.load_certificates((key,)))
    return parse_public(held, key.name)


def _said(error: RedanError, root: Path) -> str:
    """The error in one clause; a file is named below the project, never by where the project lies."""
    where = (error.where or "").replace(f"{root.resolve()}/", "")
    return f"{where}: {error.what}" if where else error.what
