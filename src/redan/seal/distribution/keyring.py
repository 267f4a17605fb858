"""The key folder of a distribution: private keys by role, outside of what is published.

A private key counts for the roles whose metadata names its id, wherever its file lies and whatever it is called; the
file name only tells people what the key is for.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from redan.errors import UsageError
from redan.files import make_folder
from redan.seal.distribution.records import ROLES, Role
from redan.seal.distribution.roles import RoleSigner, key_id
from redan.seal.keys import KeyKind, generate, load_signer
from redan.seal.pair import write_pair

PIN = "root.json"  # beside the keys: the first root, to hand out to sites
SEEN = "seen"  # beside the keys: what the publisher saw last, so that a folder that was set back is noticed
_KEYS_MAX = 100
_ID_CHARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The private keys at hand.

    Args:
        home: the folder that new keys are written to.
        held: signer and file of each key that was found.
    """

    home: Path
    held: tuple[tuple[RoleSigner, Path], ...]

    @property
    def signers(self) -> tuple[RoleSigner, ...]:
        """Every private key at hand."""
        return tuple(signer for signer, _ in self.held)

    def named(self, role: Role) -> tuple[RoleSigner, ...]:
        """The keys whose files say that they are for a role, in the order of their names."""
        return tuple(signer for signer, path in self.held if path.name.startswith(f"{role}-"))

    def file_of(self, key: str) -> Path | None:
        """Where the private key of a TUF key id lies; None when it is not at hand."""
        return next((path for signer, path in self.held if key_id(signer) == key), None)

    def make(self, role: Role, kind: KeyKind) -> tuple[RoleSigner, Path]:
        """A new key of a role, written to the home folder with mode 0600.

        Raises:
            UsageError: it cannot be written.
        """
        signer = generate(kind)
        path = self.home / f"{role}-{key_id(signer)[:_ID_CHARS]}.pem"
        write_pair(signer, path)
        return signer, path


def open_keyring(folders: Iterable[Path], published: Path) -> Keyring:
    """The private keys in some folders; the first of them is made when it is not there.

    Args:
        folders: at least one.
        published: the distribution, which everybody can read.

    Raises:
        UsageError: a folder lies in the distribution, is a link or not a folder, or a key is open to others.
    """
    places = list(folders)
    for place in places:
        _refuse_published(place, published)
    _make_private(places[0])
    found: dict[Path, RoleSigner] = {}
    for place in places:
        if place.is_symlink() or not place.is_dir():
            raise UsageError("is not a folder of keys", where=str(place), remedy="name a folder, not a link")
        for path in sorted(place.glob("*.pem"))[:_KEYS_MAX]:
            found[path] = load_signer(path)
    return Keyring(home=places[0], held=tuple((signer, path) for path, signer in found.items()))


def first_keys(
    ring: Keyring, wanted: Mapping[Role, int], kind: KeyKind
) -> tuple[Mapping[Role, tuple[RoleSigner, ...]], tuple[tuple[Role, Path], ...]]:
    """Keys for a new distribution: those in the folder that are named for a role, and new ones up to the wanted number.

    Returns:
        The signers by role, and the files that were made.

    Raises:
        UsageError: a key cannot be written, or one key is named for two roles.
    """
    signers: dict[Role, tuple[RoleSigner, ...]] = {}
    made: list[tuple[Role, Path]] = []
    for role in ROLES:
        have = list(ring.named(role))
        while len(have) < wanted[role]:
            signer, path = ring.make(role, kind)
            have.append(signer)
            made.append((role, path))
        signers[role] = tuple(have)
    ids = [key_id(signer) for group in signers.values() for signer in group]
    if len(set(ids)) != len(ids):
        raise UsageError(
            "one key is there for two roles", where=str(ring.home), remedy="give each role a key of its own"
        )
    return signers, tuple(made)


def _refuse_published(place: Path, published: Path) -> None:
    if place.resolve().is_relative_to(published.resolve()):
        raise UsageError(
            "the keys would lie in the folder that is published",
            where=str(place),
            remedy="name a folder outside of it with --keys",
        )


def _make_private(place: Path) -> None:
    if place.is_symlink():
        raise UsageError("is a symbolic link", where=str(place), remedy="name a folder of keys that is none")
    try:
        make_folder(place.parent)
        if not place.exists():
            place.mkdir(mode=0o700)
        if not os.access(place, os.W_OK):
            raise UsageError("cannot be written", where=str(place), remedy="change its permissions")
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", where=str(place), remedy="name another folder") from error
