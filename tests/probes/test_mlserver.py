"""A stock MLServer: bare it fails the probe, behind `redan serve` it passes the same one."""

import contextlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from gateway.test_guarded import FOREIGN, OTHER, SECRET, TOKEN, project
from gateway.test_mlserver import MLSERVER, behind  # noqa: F401 -- a fixture
from probes.test_serve import ENV
from redan.exchange.signature_keys import HmacKey
from redan.probes import Bounds, Credentials, Declared, Target, probe
from redan.terms import Outcome

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.skipif(not MLSERVER.exists(), reason="MLServer is not in its environment (tools/peers.sh mlserver)"),
]
GATEWAY = 'listen = "127.0.0.1:0"\nhead_s = 1\nbody_s = 2\nidle_s = 3\nupstream = "http://127.0.0.1:{port}"'


@contextlib.contextmanager
def guarded(folder, port):
    """Port of a gateway before a server."""
    project(folder, gateway=GATEWAY.format(port=port), endpoint="rate = 50.0\nburst = 150\nqueries = 3000")
    child = subprocess.Popen([sys.executable, "-m", "redan", "serve", str(folder)], stdout=subprocess.PIPE, env=ENV)
    try:
        yield int(child.stdout.readline().decode().rpartition(":")[2])
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)


def outcomes(target):
    """What came of each probe."""
    return {one.name: one.outcome for one in probe(target, rng=np.random.default_rng(0)).tried}


def test_bare_it_fails_and_behind_the_gateway_it_passes(behind, tmp_path):  # noqa: F811 -- the fixture
    """The same plan: dozens of findings, then none."""
    port, metrics = behind
    bare = outcomes(
        Target(url=f"http://127.0.0.1:{port}", model="churn", ports=(metrics,), bounds=Bounds(patience=4, timeout=2))
    )
    broken = {name for name, outcome in bare.items() if outcome is Outcome.BROKEN}
    assert {
        "no-credentials", "unsigned", "replayed", "altered-body", "stale", "negative-shape", "huge-shape", "tiny-chunks",
        "giant-body", "compressed-body", "slow-clients", "documentation", "rate-limit", "verbose-errors", "further-ports",
    } <= broken  # fmt: skip
    with guarded(tmp_path / "p", port) as guard:
        time.sleep(6)  # what was signed about the start is refused
        target = Target(
            url=f"http://127.0.0.1:{guard}",
            model="churn",
            mine=Credentials(TOKEN, "alice-1", HmacKey(SECRET)),
            other=Credentials(FOREIGN, "bob-1", HmacKey(OTHER)),
            authority="api.example.org",
            declared=Declared(rate=50, burst=150, rows=3000, barred="other"),
            bounds=Bounds(patience=10, flood=600),
        )
        through = outcomes(target)
    assert {name for name, one in through.items() if one not in {Outcome.HOLDS, Outcome.NOT_APPLICABLE}} == set()
