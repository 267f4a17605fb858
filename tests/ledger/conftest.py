"""Keys and ledgers that the ledger's tests share."""

import sqlite3

import pytest

from redan.ledger.store import Ledger
from redan.seal.keys import generate


@pytest.fixture(scope="session")
def signer():
    """One Ed25519 signer."""
    return generate()


@pytest.fixture
def folder(tmp_path):
    """Where a ledger may be; nothing is there yet."""
    return tmp_path / "project" / "ledger"


@pytest.fixture
def seven(folder, signer):
    """A closed ledger of seven entries, appended in two groups; gives its folder."""
    with Ledger.open(folder, signer, origin="example.com/log") as ledger:
        ledger.append([b"entry %d" % i for i in range(4)])
        ledger.append([b"entry %d" % i for i in range(4, 7)])
    return folder


@pytest.fixture
def edit(folder):
    """Runs SQL on the closed ledger, as an attacker with an editor would."""

    def run(statement, *values):
        connection = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    return run
