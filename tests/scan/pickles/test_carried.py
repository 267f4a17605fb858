"""Pickles inside pickles as plain data: raw, in Base64 and in hexadecimal, at every protocol."""

import base64
import os
import pickle

import pytest

from redan.scan import scan_bytes

FORMS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 bytes": base64.b64encode,
    "base64 for addresses": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64 in lines": base64.encodebytes,
    "hexadecimal": bytes.hex,
}


class Runs:
    """Pickled it calls the shell; nobody loads it here."""

    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("inner", [2, 4, 5])
def test_a_harmful_pickle_carried_as_data_is_told(form, protocol, inner):
    """Whatever it is spelt in, a pickle that would run code is found, with the place of the data."""
    carried = FORMS[form](pickle.dumps(Runs(), inner))
    found = scan_bytes(pickle.dumps({"weights": [1.0], "more": carried}, protocol), "model.pkl")
    assert found.verdict.value == "malicious"
    assert any(d.member.startswith("data at ") for d in found.detections)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("form", FORMS)
def test_a_harmless_pickle_carried_as_data_is_clean(form, protocol):
    """Data inside data accuses nobody, nor does text that only begins alike."""
    carried = FORMS[form](pickle.dumps({"a": [1, 2, 3], "b": "x" * 40}, 4))
    more = {
        "more": carried,
        "text": "gAB is not Base64 of anything!",
        "hex": "8004 is a number",
        "raw": b"\x80\x04" * 9,
    }
    assert scan_bytes(pickle.dumps(more, protocol), "model.pkl").verdict.value == "clean"


def test_too_many_are_not_passed_over():
    """A harmful one behind more harmless ones than are examined is not clean."""
    harmless = [pickle.dumps([n] * 20, 4) for n in range(300)]
    found = scan_bytes(pickle.dumps([*harmless, pickle.dumps(Runs(), 4)], 4), "model.pkl")
    assert found.verdict.value != "clean"
