"""`redan key client`, as a user runs it."""

import json
import stat
from types import SimpleNamespace

import pytest

from redan.cli.app import main
from redan.gateway.clients import read_clients
from redan.gateway.credentials import credentials
from redan.guards.api_keys import hashed


@pytest.fixture
def redan(capsys, monkeypatch, tmp_path):
    """Runs redan in a folder of its own; gives its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as left:
            main(["key", "client", *arguments])
        said = capsys.readouterr()
        return SimpleNamespace(code=left.value.code or 0, stdout=said.out, stderr=said.err)

    return run


def test_the_entry_is_printed_and_holds_no_secret(tmp_path, redan):
    """As an entry that can be appended; both secrets lie in files of their owner alone."""
    done = redan("billing", "--model", "churn", "--model", "fraud")
    assert done.code == 0
    (tmp_path / "clients.toml").write_text(done.stdout)
    token = (tmp_path / "billing.token").read_text().strip()
    secret = (tmp_path / "billing.key").read_text().strip()
    assert token not in done.stdout + done.stderr
    assert secret not in done.stdout + done.stderr
    assert hashed(token) in done.stdout
    for name in ("billing.token", "billing.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    found = read_clients(tmp_path / "clients.toml")
    assert found.client[0].models == ("churn", "fraud")
    assert credentials(found, tmp_path, {}).signing


def test_entries_are_added_one_after_the_other(tmp_path, redan):
    """The file of clients grows, keeps what stands in it, and a name is given once."""
    first = tmp_path / "clients.toml"
    first.write_text('[[tier]]\nname = "partner"\nrate = 5.0')
    assert redan("a", "--model", "churn", "--add").code == 0
    facts = json.loads(redan("b", "--model", "*", "--add", "--format", "json").stdout)
    found = read_clients(first)
    assert [client.principal for client in found.client] == ["a", "b"]
    assert found.client[1].signing[0].id == facts["signing"]
    assert [tier.name for tier in found.tier] == ["partner"]
    again = redan("b", "--model", "churn", "--add")
    assert (again.code, again.stdout, again.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("name", ["../a", "a\nb", 'a"', "a/b", "."])
def test_names_that_are_paths_or_more_than_names_write_nothing(tmp_path, redan, name):
    """One line, exit 2, and no file."""
    done = redan(name, "--model", "churn", "--add")
    assert (done.code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_never_overwritten(tmp_path, redan):
    """Neither half is written when one of them is there."""
    (tmp_path / "a.token").write_text("x")
    done = redan("a", "--model", "churn", "--add")
    assert (done.code, done.stdout) == (2, "")
    assert "never overwritten" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.token"]
