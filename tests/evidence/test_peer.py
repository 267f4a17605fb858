"""in-toto's own library reads what redan writes."""

import json
from base64 import b64decode

import pytest

from evidence.evidence_cases import RESULTS, bench

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def payloads(tmp_path_factory):
    """The statements of a pack, as their signed bytes."""
    pytest.importorskip("in_toto_attestation", reason="in-toto-attestation is not installed")
    pack = json.loads(bench(tmp_path_factory.mktemp("peer")).pack())
    entries = [pack["policy"], *pack["evidence"], pack["result"], pack["run"]]
    return [b64decode(entry["envelope"]["payload"]) for entry in entries]


def test_statements_are_valid_to_in_toto(payloads):
    """Every payload parses strictly as a Statement v1 and passes in-toto's validation."""
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    for payload in payloads:
        parsed = json_format.Parse(payload, statement_pb2.Statement())
        Statement.copy_from_pb(parsed).validate()
        assert json.loads(json_format.MessageToJson(parsed))["predicateType"] == json.loads(payload)["predicateType"]


def test_the_test_result_is_valid_to_in_toto(payloads):
    """The predicate parses strictly as in-toto's TestResult, and says what the run found."""
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2 as peer

    parsed = json_format.Parse(json.dumps(json.loads(payloads[-2])["predicate"]), peer.TestResult())
    assert parsed.result == "FAILED"
    assert list(parsed.passed_tests) == ["A-MLSG-003-D001"]
    assert list(parsed.failed_tests) == ["A-MLSG-002-D002"]
    assert parsed.configuration[0].digest["sha256"] == RESULTS.policy_sha256
