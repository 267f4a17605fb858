"""Generations: sealed bytes alone, verified again, exchanged without losing a request, rolled back, never older."""

import asyncio
import dataclasses
import json

import pytest

from gateway import houses
from redan.canon import canonical
from redan.errors import InputError, InvalidError, RedanError, UsageError
from redan.gateway.assembly import assemble
from redan.gateway.generation import Place, load_generation
from redan.gateway.service import Service


def place(folder, **more):
    """Where the model of a project lies."""
    return Place(path=folder / "model.onnx", seal=folder / "model.seal", trust=houses.SIGNER.public, **more)


def released(folder, number, data, *, version=None):
    """A model with the card that a pull leaves."""
    from redan.seal.oms import read_verified

    houses.seal(folder, data)
    root = read_verified(folder / "model.onnx", (folder / "model.seal").read_bytes(), houses.SIGNER.public).sealed.root
    card = {"schema": "x", "name": "churn", "version": version or f"v{number}", "number": number, "root": root}
    (folder / "release.json").write_bytes(canonical(card))


def test_a_model_without_a_seal_is_not_served(tmp_path):
    """A-MLSG-004-D002: nothing starts, and the message says what to do."""
    folder = houses.project(tmp_path / "p")
    (folder / "model.seal").unlink()
    with pytest.raises(UsageError, match="redan seal"):
        assemble(houses.read(folder))


def test_a_model_that_was_altered_or_sealed_by_a_stranger_is_not_served(tmp_path):
    """R10: one byte, or another key."""
    folder = houses.project(tmp_path / "p")
    (folder / "model.onnx").write_bytes(houses.model(2.0))
    with pytest.raises(InvalidError):
        load_generation(place(folder))
    houses.seal(folder, houses.model(), signer=houses.STRANGER)
    with pytest.raises(InvalidError):
        load_generation(place(folder))


def test_external_tensors_must_be_in_the_seal(tmp_path):
    """R11: a file beside the model that no seal lists is not read, whatever the model says; one in the seal is."""
    from redan.controls.planted import seal_of

    folder = houses.project(tmp_path / "p")
    weights = bytes(4 * 4 * 3)
    houses.seal(folder, houses.model(external="w.bin"))
    (folder / "w.bin").write_bytes(weights)
    with pytest.raises((InvalidError, InputError)):
        load_generation(place(folder))
    bundle = folder / "bundle"
    bundle.mkdir()
    files = {"model.onnx": houses.model(external="w.bin"), "w.bin": weights}
    for name, data in files.items():
        (bundle / name).write_bytes(data)
    (folder / "b.seal").write_bytes(seal_of(files, houses.SIGNER))
    found = load_generation(
        Place(path=bundle / "model.onnx", seal=folder / "b.seal", trust=houses.SIGNER.public, within=bundle)
    )
    assert found.model.inputs[0].name == "x"
    (bundle / "w.bin").write_bytes(b"\x01" * len(weights))
    with pytest.raises(InvalidError):
        load_generation(
            Place(path=bundle / "model.onnx", seal=folder / "b.seal", trust=houses.SIGNER.public, within=bundle)
        )


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "*/x"])
def test_external_tensors_outside_the_folder_are_refused(tmp_path, location):
    """R11: whoever signed it."""
    folder = houses.project(tmp_path / "p")
    houses.seal(folder, houses.model(external=location))
    with pytest.raises((InputError, InvalidError)):
        load_generation(place(folder))


def test_what_is_no_onnx_is_not_served(tmp_path):
    """R6: a sealed pickle stays a pickle."""
    folder = houses.project(tmp_path / "p")
    houses.seal(folder, b"\x80\x04cbuiltins\nprint\n.")
    with pytest.raises(InputError, match="ONNX"):
        load_generation(place(folder))


def test_exchange_keeps_the_generation_before_and_rollback_brings_it_back(tmp_path):
    """One call each; the numbers are those of the generation in service."""
    with houses.gateway(tmp_path / "p") as made:
        folder, one = tmp_path / "p", made.models["churn"]
        first = one.version
        houses.seal(folder, houses.model(3.0))
        made.exchange("churn")
        assert json.loads(houses.asked(made.plane)[2])["outputs"][0]["data"][0] == 3
        assert one.version != first
        one.rollback()
        assert (one.version, one.previous.model.version != first) == (first, True)
        assert json.loads(houses.asked(made.plane)[2])["outputs"][0]["data"][0] == 1


class Exchanging:
    """A guard of answers, in whose time the model is exchanged."""

    name = "exchanging"

    def __init__(self, exchange):
        self.exchange = exchange

    def inbound(self, flow):
        """As a guard of questions."""
        return self.outbound(flow)

    def outbound(self, flow):
        """Exchanges once."""
        once, self.exchange = self.exchange, lambda: None
        once()


def _exchanging(made, folder, field):
    """The plane with that guard, which puts a model of other numbers into service."""
    houses.seal(folder, houses.model(3.0))
    guard = Exchanging(lambda: made.exchange("churn"))
    found = {"checked": made.plane.pipeline.checked, "outbound": made.plane.pipeline.outbound}
    found[field] = (guard, *found[field])
    return dataclasses.replace(made.plane, pipeline=dataclasses.replace(made.plane.pipeline, **found), timed=None)


def test_an_answer_names_the_generation_that_gave_it(tmp_path):
    """Exchanged between the model's answer and its encoding: answer and event tell who answered, not who would now."""
    with houses.gateway(tmp_path / "p") as made:
        first = made.models["churn"].version
        plane = _exchanging(made, tmp_path / "p", "outbound")
        said = json.loads(houses.asked(plane)[2])
        second = made.models["churn"].version
        assert second != first
        assert (said["model_version"], said["outputs"][0]["data"][0]) == (first, 1)
        said = json.loads(houses.asked(plane)[2])
        assert (said["model_version"], said["outputs"][0]["data"][0]) == (second, 3)


def test_a_version_that_was_exchanged_away_does_not_answer_under_its_name(tmp_path):
    """Exchanged between the look at the version and the model: who asked for the old one gets none of the new one."""
    with houses.gateway(tmp_path / "p") as made:
        path = f"/v2/models/churn/versions/{made.models['churn'].version}/infer"
        assert houses.asked(made.plane, path=path)[0] == 200
        plane = _exchanging(made, tmp_path / "p", "checked")
        assert houses.asked(plane, path=path)[0] == 404


def test_an_exchange_under_way_loses_no_request(tmp_path):
    """Requests on a socket while models come and go: every one is answered, by one generation or the other."""

    async def each(port, made, folder):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = set()
        for turn in range(60):
            if turn in {15, 30, 45}:
                houses.seal(folder, houses.model(float(turn)))
                task = asyncio.create_task(asyncio.to_thread(made.exchange, "churn"))
            writer.write(houses.question(more=""))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
            body = await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 200")
            found = json.loads(body)
            seen.add((found["model_version"], found["outputs"][0]["data"][0]))
            if turn in {20, 35, 50}:
                await task
        writer.close()
        return seen

    with houses.gateway(tmp_path / "p") as made, houses.listening(made) as port:
        seen = asyncio.run(each(port, made, tmp_path / "p"))
    assert {value for _, value in seen} == {1.0, 15.0, 30.0, 45.0}
    assert len(seen) == 4


def test_an_exchange_for_something_unsigned_or_different_is_refused(tmp_path):
    """The model in service stays."""
    with houses.gateway(tmp_path / "p") as made:
        folder, version = tmp_path / "p", made.models["churn"].version
        (folder / "model.onnx").write_bytes(houses.model(2.0))
        with pytest.raises(InvalidError):
            made.exchange("churn")
        houses.seal(folder, houses.model(width=5))
        with pytest.raises(InvalidError, match="something else"):
            made.exchange("churn")
        with pytest.raises(RedanError):
            made.exchange("other")
        assert made.models["churn"].version == version
        with pytest.raises(UsageError):
            made.models["churn"].rollback()


def test_an_older_release_is_refused_now_and_after_a_restart(tmp_path):
    """Where a distribution is declared: by exchange, and by a start; a card of another release does not help."""
    folder = houses.project(tmp_path / "p", model_keys='distribution = "published"')
    with pytest.raises(UsageError, match="redan pull"):
        assemble(houses.read(folder))
    released(folder, 5, houses.model())
    with houses.gateway(folder) as made:
        assert made.models["churn"].version == "v5"
        released(folder, 4, houses.model(4.0))
        with pytest.raises(InvalidError, match="older"):
            made.exchange("churn")
        released(folder, 6, houses.model(6.0))
        made.exchange("churn")
        assert made.models["churn"].version == "v6"
    released(folder, 5, houses.model())
    with pytest.raises(InvalidError, match="older than release 6"):
        assemble(houses.read(folder))
    card = json.loads((folder / "release.json").read_bytes())
    (folder / "release.json").write_bytes(canonical({**card, "number": 9}))
    houses.seal(folder, houses.model(9.0))
    with pytest.raises(InvalidError, match="another release"):
        assemble(houses.read(folder))


def test_what_lies_on_the_disk_is_verified_again_while_it_is_served(tmp_path):
    """An altered file makes the service unready and is told; what is in memory still is what was verified."""
    with houses.gateway(tmp_path / "p") as made:
        one, told = made.models["churn"], []
        one.told = lambda *said: told.append(said)
        assert one.verify(1.0)
        (tmp_path / "p" / "model.onnx").write_bytes(houses.model(2.0))
        assert not one.verify(2.0)
        assert not one.verify(3.0)
        assert [what for _, what, _ in told] == ["seal-broken"]
        assert not made.ready()
        assert houses.asked(made.plane, "GET", "/v2/health/ready", b"")[0] == 503
        assert json.loads(houses.asked(made.plane)[2])["outputs"][0]["data"][0] == 1
        houses.seal(tmp_path / "p", houses.model())
        assert one.verify(4.0)
        assert made.ready()


def test_a_service_that_answers_has_no_fault(tmp_path):
    """The same object serves the protocol's words."""
    folder = houses.project(tmp_path / "p")
    one = Service("churn", place(folder), load_generation(place(folder)))
    assert (one.platform, one.inputs[0].shape) == ("onnxruntime_onnx", (-1, 4))
