"""The project's state folder `.redan`: key, ledger, cache, last evidence."""

from pathlib import Path

from redan.artifacts.history import History
from redan.errors import UsageError
from redan.evidence import history
from redan.files import write_atomic
from redan.ledger.store import Ledger
from redan.runner.cache import Cache
from redan.seal.keys import Signer, generate, load_public, load_signer
from redan.seal.pair import write_pair

FOLDER = ".redan"


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

    def prepare(self) -> None:
        """Makes the folder, kept out of version control by a file of its own.

        Raises:
            UsageError: the folder cannot be made, or is a link.
        """
        if self.folder.is_symlink():
            raise UsageError("is a symbolic link", where=str(self.folder), remedy="remove it")
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_atomic(ignore, b"*\n")

    def signer(self, key: Path | None) -> tuple[Signer, bool]:
        """The signing key, and whether it was made just now.

        Args:
            key: a private key given on the command line; None for the project's own, made on first use.

        Raises:
            UsageError: the key cannot be read, or others can read it too.
        """
        if key is not None:
            return load_signer(key), False
        if self.key.exists():
            return load_signer(self.key), False
        made = generate("ed25519")
        write_pair(made, self.key)
        return made, True

    def ledger(self, signer: Signer) -> Ledger:
        """The project's ledger, opened for writing."""
        return Ledger.open(self.ledger_folder, signer)

    def cache(self, signer: Signer) -> Cache:
        """Answers of earlier runs, believed only under this key."""
        return Cache(self.folder / "cache", signer.sign, signer.public.verify)

    def own_cache(self) -> Cache | None:
        """The cache under the project's own key; None before that key was made."""
        return self.cache(load_signer(self.key)) if self.key.exists() else None

    def history(self) -> History:
        """What the project's ledger says happened; empty before the first run."""
        if not (self.ledger_folder.exists() and self.public.exists()):
            return History()
        with Ledger.open(self.ledger_folder, key=load_public(self.public)) as ledger:
            return history(ledger)
