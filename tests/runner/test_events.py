"""What a run tells the ledger before it asks anything: the search for vulnerabilities is among it."""

import datetime as dt
import hashlib

from redan.cli.flow import Asked, check
from redan.cli.state import State
from redan.runner.events import observed
from redan.system.read import read

TOML = '[system]\nname = "x"\n\n[[model]]\nname = "m"\n\n[pipeline]\naudit = "audit.json"\n'
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def test_the_first_sight_of_a_search_is_dated_by_the_ledger(tmp_path):
    """Each result is logged once by its digest; a second run over the same bytes adds nothing, new bytes do."""
    (tmp_path / "redan.toml").write_text(TOML)
    audit = tmp_path / "audit.json"
    audit.write_text('{"dependencies": [], "fixes": []}')
    first = hashlib.sha256(audit.read_bytes()).hexdigest()
    for day in range(3):
        if day == 2:
            audit.write_text('{"dependencies": [], "fixes": [ ]}')
        check(read(tmp_path), Asked(now=NOW + dt.timedelta(days=day)))
    seen = [e for e in State(tmp_path).history().events if e.key == "pipeline.audit"]
    assert [(e.kind, e.digest == first, e.at.day) for e in seen] == [("described", True, 1), ("described", False, 3)]


def test_a_product_without_a_search_logs_none(tmp_path):
    """Nothing is made up for a file that is not named."""
    (tmp_path / "redan.toml").write_text(TOML.partition("[pipeline]")[0])
    assert not [e for e in observed(read(tmp_path), NOW) if e.key == "pipeline.audit"]
