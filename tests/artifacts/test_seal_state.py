"""What the checks make of a seal: stricter than the standard where a signer left something out."""

from redan.artifacts.seal_state import seal_state
from redan.seal import oms
from redan.seal.pair import write_pair
from seal.oms_cases import P256, model


def test_what_a_signer_left_out_is_no_part_of_a_release(tmp_path):
    """The seal verifies on the command line, and is a fault of a released model until the file is gone."""
    folder = model(tmp_path / "m", {"weights.bin": b"w", "notes/evil.pkl": b"p"})
    key = write_pair(P256, tmp_path / "k.pem").public
    seal = tmp_path / "m.sig"
    seal.write_bytes(oms.sign(folder, P256, ignore=["notes"]))
    assert oms.verify(folder, seal.read_bytes(), P256.public).left_out == ("notes/evil.pkl",)
    assert "notes/evil.pkl: lies among the sealed files" in seal_state(tmp_path, folder, seal, key).fault
    (folder / "notes" / "evil.pkl").unlink()
    assert seal_state(tmp_path, folder, seal, key).valid
