"""The project's state folder `.redan`: key, ledger, cache, last evidence."""

import time
from pathlib import Path

from redan.artifacts.history import History
from redan.errors import IncompleteError, InvalidError, RedanError, UsageError
from redan.evidence import Verified, head_of, history, later_run
from redan.evidence.form import PACK_LIMIT_BYTES
from redan.files import read_bounded, write_atomic
from redan.ledger.store import Ledger
from redan.runner.cache import Cache
from redan.seal.keys import PublicKey, Signer, generate, load_public, load_signer
from redan.seal.pair import write_pair

FOLDER = ".redan"
_POLL_S = 0.02


class State:
    """Paths and stores of one project.

    Args:
        root: folder of `redan.toml`.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.key = self.folder / "key.pem"
        self.public = self.folder / "key.pub"
        self.evidence = self.folder / "evidence.json"
        self.ledger_folder = self.folder / "ledger"
        self.cache_folder = self.folder / "cache"

    def check(self) -> None:
        """Accepts a state folder whose parts are what they should be; called before anything in it is read.

        Raises:
            UsageError: a folder is a link, or a part is of another kind.
        """
        for folder in (self.folder, self.ledger_folder, self.cache_folder):
            if folder.is_symlink():
                raise UsageError("is a symbolic link", where=str(folder), remedy="remove it")
            if folder.exists() and not folder.is_dir():
                raise UsageError("is not a folder", where=str(folder), remedy="remove it")
        if self.evidence.exists() and not self.evidence.is_file():
            raise UsageError("is not a regular file", where=str(self.evidence), remedy="remove it")

    def prepare(self) -> None:
        """Makes the folder, kept out of version control by a file of its own.

        Raises:
            UsageError: the folder cannot be made, or a part of it is not what it should be.
        """
        self.check()
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_atomic(ignore, b"*\n")

    def signer(self, key: Path | None) -> tuple[Signer, bool]:
        """The signing key, and whether it was made just now.

        Args:
            key: a private key given on the command line; None for the project's own, made on first use.

        Raises:
            UsageError: the key cannot be read, or others can read it too.
            InvalidError: evidence or a ledger is there, and the key that signed it is not.
        """
        if key is not None:
            return load_signer(key), False
        left = [path for path in (self.evidence, self.ledger_folder) if path.exists()]  # before the key: it comes first
        if self.key.exists():
            return load_signer(self.key), False
        if left:
            raise InvalidError(
                "is there without the key that signed it",
                where=str(left[0]),
                remedy=f"restore {self.key.name} or give --key; to begin anew, move {self.folder.name} away",
            )
        made = generate("ed25519")
        try:
            write_pair(made, self.key)
        except UsageError:
            if self._appears(self.key):  # two first runs at once: both sign with the key of the one that was first
                return load_signer(self.key), False
            raise
        return made, True

    @staticmethod
    def _appears(path: Path) -> bool:
        """Whether a file that another process is about to write is there, within a second."""
        for _ in range(int(1 / _POLL_S)):
            if path.exists():
                return True
            time.sleep(_POLL_S)
        return False

    def ledger(self, signer: Signer) -> Ledger:
        """The project's ledger, opened for writing.

        Raises:
            InvalidError: it does not go on from the head that the last evidence keeps, so something of it is gone.
        """
        if not self.evidence.exists():
            return Ledger.open(self.ledger_folder, signer)
        try:
            head = head_of(read_bounded(self.evidence, PACK_LIMIT_BYTES), signer.public)
        except InvalidError as error:
            remedy = "give the key that signed it; if it came from elsewhere, move it away"
            raise InvalidError(f"the last evidence: {error.what}", where=str(self.evidence), remedy=remedy) from error
        if not self.ledger_folder.exists():
            raise InvalidError(
                f"the ledger is gone; the last evidence was proven under {head.size:,} entries of it",
                where=str(self.ledger_folder),
                remedy=f"restore it from a copy; to begin anew, move {self.folder.name} away",
            )
        ledger = Ledger.open(self.ledger_folder, signer)
        try:
            ledger.check_extends(head)
        except RedanError as error:
            ledger.close()
            raise self._set_back(error) from error
        return ledger

    def check_newest(self, verified: Verified, key: PublicKey) -> None:
        """Accepts the project's own evidence when no later run stands in its ledger; needs no ledger to be there.

        Raises:
            IncompleteError: a later run is logged, and its evidence is not here.
            InvalidError: the ledger does not go on from the evidence.
        """
        if not self.ledger_folder.exists():
            return
        with Ledger.open(self.ledger_folder, key=key) as ledger:
            try:
                later = later_run(ledger, verified.checkpoint)
            except InvalidError as error:
                raise self._set_back(error) from error
        if later is not None:
            raise IncompleteError(
                f"is not the last evidence: a later run stands in the ledger as entry {later:,}",
                where=str(self.evidence),
                remedy="restore the last evidence, or run 'redan check'",
            )

    def _set_back(self, error: RedanError) -> RedanError:
        if not isinstance(error, InvalidError):
            return error
        return InvalidError(
            f"does not go on from the last evidence: {error.what}",
            where=str(self.ledger_folder),
            remedy=f"restore it from a copy; to begin anew, move {self.folder.name} away",
        )

    def cache(self, signer: Signer, key: Path | None = None) -> Cache:
        """Answers of earlier runs, believed only under this key, and only where its file has not come from elsewhere.

        Args:
            signer: the evidence key.
            key: its file; the project's own when None.
        """
        return Cache(self.cache_folder, signer.sign, signer.public.verify, _place(key or self.key))

    def own_cache(self) -> Cache | None:
        """The cache under the project's own key; None before that key was made."""
        return self.cache(load_signer(self.key)) if self.key.exists() else None

    def history(self) -> History:
        """What the project's ledger says happened; empty before the first run."""
        if not (self.ledger_folder.exists() and self.public.exists()):
            return History()
        with Ledger.open(self.ledger_folder, key=load_public(self.public)) as ledger:
            return history(ledger)


def _place(key: Path) -> str:
    """Inode and time of change of a key file: whoever packs up a project cannot know what they will be here."""
    found = key.stat()
    return f"{found.st_ino}:{found.st_ctime_ns}"
