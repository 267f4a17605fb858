"""A server that is open on purpose: each plant is found by its probe and by no other; without plants nothing is."""

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from probes.open_server import PLANTS, free, running
from redan.errors import InputError, UsageError
from redan.probes import Bounds, Target, findings_of, probe
from redan.probes.plan import PLAN, chosen
from redan.terms import Outcome

BESIDE = {"unknown-model", "altered-body", "no-json", "burnt-nonce"}
HIDDEN = {"R10", "R11", "R23"}  # they happen on the disk of the service, or in its supply chain


def broken(found):
    """Names of the probes that were not refused."""
    return {one.name for one in found.tried if one.outcome is Outcome.BROKEN}


def run(target, only=(), seed=0):
    """A probe with a fixed seed."""
    return probe(target, rng=np.random.default_rng(seed), only=only)


def test_without_plants_everything_is_refused():
    """The whole plan: nothing is broken, and what cannot be told is only what a client with an API key has not."""
    with running() as target:
        found = run(target)
    assert {
        one.name: one.seen for one in found.tried if one.outcome not in {Outcome.HOLDS, Outcome.NOT_APPLICABLE}
    } == {}
    beside = {one.name for one in found.tried if one.outcome is Outcome.NOT_APPLICABLE}
    assert beside == {
        "old-encryption",
        "certificate",
        "altered-token",
        "expired-token",
        "other-audience",
        "documented-routes",
    }
    assert len(found.tried) == len(PLAN)
    assert found.cost.requests > 1000


@pytest.mark.parametrize("plant", PLANTS)
def test_each_plant_is_found(plant):
    """By its own probes, and not by those beside them; the number of the incident stands before its name."""
    with running(plant, burst=150.0, rows=3000) as target:
        found = run(target, PLANTS[plant] | BESIDE)
    assert broken(found) == PLANTS[plant]


ONE_OF_EACH = tuple({plant.split()[0]: plant for plant in reversed(PLANTS)}.values())


def whole(plant):
    """What the whole plan finds at a server with one plant."""
    with running(plant) as target:
        return broken(run(target))


@pytest.fixture(scope="module")
def found_of_each():
    """Three servers at a time: a probe mostly waits, for tokens to come back and for clients to be hung up on."""
    with ThreadPoolExecutor(3) as pool:
        yield {plant: pool.submit(whole, plant) for plant in ONE_OF_EACH}
        pool.shutdown(cancel_futures=True)


@pytest.mark.slow
@pytest.mark.parametrize("plant", ONE_OF_EACH)
def test_a_plant_of_each_incident_is_found_by_nothing_else(plant, found_of_each):
    """By the whole plan."""
    assert found_of_each[plant].result() == PLANTS[plant]


def test_every_incident_that_is_seen_from_outside_has_a_plant_and_a_probe():
    """R1 to R26, but for those that no client sees."""
    seen = {f"R{n}" for n in range(1, 27)} - HIDDEN
    assert {plant.split()[0] for plant in PLANTS} & {f"R{n}" for n in range(1, 27)} == seen
    assert {one.incident for one in PLAN} - {""} == seen - {"R13"} | {"R13"}
    assert len({one.name for one in PLAN}) == len(PLAN)


def test_every_plant_names_probes_that_there_are():
    """And every probe but those of TLS and tokens has a plant."""
    names = {one.name for one in PLAN}
    assert set().union(*PLANTS.values()) <= names


def test_same_seed_same_findings():
    """Whatever the time, the nonces and the order of the world."""
    only = {"altered-body", "wrong-names", "routes-without-credentials", "replayed", "twin-token"}
    found = []
    for _ in range(2):
        with running("R5 delete") as target:
            found.append([one.to_json() for one in findings_of(run(target, only).tried, "endpoint:m")])
    assert found[0] == found[1]
    assert {one["part"] for one in found[0] if one["outcome"] == "broken"} == {"routes-without-credentials"}
    assert all(one["remedy"] for one in found[0] if one["outcome"] == "broken")


def test_findings_hold_no_secret():
    """Neither token nor key nor body."""
    from probes.open_server import SECRET, TOKEN

    with running("R15 verbose", "R20 unsigned", "R21 prefix") as target:
        found = run(target, {"verbose-errors", "unsigned", "twin-token", "no-credentials"})
    text = str(findings_of(found.tried, "endpoint:m")) + repr(found)
    assert TOKEN not in text
    assert SECRET.hex() not in text
    assert "[1.0" not in text


def test_a_server_that_is_not_there_does_not_pass():
    """Everything is not run, with the reason."""
    target = Target(url=f"http://127.0.0.1:{free()}", model="m", bounds=Bounds(timeout=0.5))
    found = run(target, {"altered-body", "metrics", "slow-clients"})
    assert {one.outcome for one in found.tried} == {Outcome.NOT_RUN}
    assert "no connection" in found.tried[0].seen


@contextlib.contextmanager
def saying(answer, *, times=1000):
    """A server that says one thing to everybody, so many times, and then nothing any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def work():
            with contextlib.suppress(OSError):
                for _ in range(times):
                    sock, _ = server.accept()
                    with sock, contextlib.suppress(OSError):
                        sock.settimeout(1)
                        sock.recv(1 << 16)
                        sock.sendall(answer)
            server.close()

        thread = threading.Thread(target=work)
        thread.start()
        yield Target(url=f"http://127.0.0.1:{server.getsockname()[1]}", model="m", bounds=Bounds(timeout=1.0))
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", b"HTTP/1.1 302 Found\r\nlocation: http://example.org/\r\n\r\n",
     b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", b"\x00\xff" * 50, b'HTTP/1.1 500 X\r\n\r\n{"inputs":['],
)  # fmt: skip
def test_a_server_that_refuses_everything_does_not_pass(answer):
    """Nor one that answers nonsense, or leads elsewhere: nothing is sent there."""
    with saying(answer) as target:
        found = run(target, {"altered-body", "no-json"})
    assert {one.outcome for one in found.tried} == {Outcome.NOT_RUN}


def test_a_server_that_dies_of_a_probe_is_broken_and_the_rest_is_not_run():
    """R13: a refusal that is the last thing that it says is a crash."""
    good = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}'
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\n{"model_name":"m","outputs":[]}'
    with saying(answer, times=4) as target:
        from dataclasses import replace

        found = run(replace(target, question=good), {"unneeded-input", "not-finite", "other-types"})
    assert [one.outcome for one in found.tried] == [Outcome.BROKEN, Outcome.NOT_RUN, Outcome.NOT_RUN]


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "http://a:b@c", "http://x?y", "http://x y", "http://[::1", "http://x\r\n:1", "x"]
)
def test_what_is_no_address_is_refused(url):
    """Before anything is sent."""
    with pytest.raises(InputError):
        run(Target(url=url, model="m"))


def test_words_choose_probes():
    """Names, incidents, controls and checks; another word is an error that says so."""
    assert {one.name for one in chosen({"R21"})} == {"twin-token"}
    assert {one.name for one in chosen({"AIPS-DOS-01/slow-clients-do-not-block-others"})} == {
        "slow-clients",
        "idle-connections",
    }
    assert chosen(()) == PLAN
    controls = {check.partition("/")[0] for one in PLAN for check in one.checks}
    wanted = {"A-MLSG-004-D001", "A-MLSG-004-D004", "A-MLSG-004-D007", "A-MLSG-004-D002", "A-MLSG-001-C002", "AIPS-TRA-01",
              "AIPS-TRA-02", "AIPS-TRA-03", "AIPS-TRA-06", "AIPS-DOS-01", "AIPS-ORA-01"}  # fmt: skip
    assert controls == wanted
    with pytest.raises(UsageError, match="R99"):
        chosen({"R99"})


def test_every_check_is_one_of_the_catalogue():
    """No finding goes nowhere."""
    import tomllib
    from pathlib import Path

    import redan.controls

    known = set()
    for path in Path(redan.controls.__file__).parent.glob("*/*/control.toml"):
        control = tomllib.loads(path.read_text())
        known |= {f"{control['id']}/{check['id']}" for check in control["checks"]}
    assert {check for one in PLAN for check in one.checks} <= known
