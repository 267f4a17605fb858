"""A key pair on disk: the private half readable by its owner alone, the public half beside it, neither overwritten."""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from redan.errors import UsageError
from redan.files import make_folder
from redan.seal.keys import Signer


class KeyPair(NamedTuple):
    """Where the two halves of a key lie."""

    private: Path
    public: Path


def write_pair(signer: Signer, private: Path) -> KeyPair:
    """Writes both halves or none; the public half takes the private one's name with the suffix `.pub`.

    Raises:
        UsageError: one of the files exists already, or the folder cannot be written.
    """
    public = private.with_suffix(".pub")
    if public == private:
        raise UsageError("a private key cannot end in .pub", where=str(private), remedy="name it key.pem")
    _create(public, signer.public.pem.encode("ascii"), 0o644)
    try:
        _create(private, signer.private_pem(), 0o600)
    except UsageError:
        public.unlink(missing_ok=True)
        raise
    return KeyPair(private, public)


def _create(path: Path, data: bytes, mode: int) -> None:
    temporary = None
    try:
        make_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike rename, fails when the name is taken
    except OSError as error:
        taken = isinstance(error, FileExistsError) and os.path.lexists(path)
        what = "exists already; a key is never overwritten" if taken else f"cannot be written: {error.strerror}"
        remedy = "move it away, or name another file" if taken else "free space or change permissions"
        raise UsageError(what, where=str(path), remedy=remedy) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
