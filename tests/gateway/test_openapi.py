"""The document of the data plane, held against the server: whatever fits it or does not, no 5xx, and answers as it says."""

import re

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from gateway import houses
from gateway.test_guarded import TOKEN, project
from redan.gateway.openapi import document

load_all_checks()
# Whether data are as many as a shape says is not for a schema to say, so some of what fits it is refused.
UNSAYABLE = [CHECKS.get_one("positive_data_acceptance")]
REFUSED = [*UNSAYABLE, CHECKS.get_one("negative_data_rejection")]  # which does not know 413 as a refusal


def keyed(folder, *, quiet=True):
    """A project whose clients show a key and need not sign, so that an outside tool can be one of them."""
    names = 'outputs = ["stays", "leaves"]'
    project(folder, gateway=f"signed = false\nquiet = {str(quiet).lower()}", endpoint="labels = 1000", model_keys=names)
    text = re.sub(r"\[\[client.signing\]\]\nid = .*\nsecret = .*\n", "", (folder / "clients.toml").read_text())
    (folder / "clients.toml").write_text(text.replace("1000.0", "100000.0") + "rows = 1e9\n")
    return folder


def try_each(strategy, call, *, examples, derandomize):
    """Statuses of what was drawn; what does not conform raises."""
    statuses = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=derandomize,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(case):
        response = call(case)
        statuses.add(response.status_code)
        case.validate_response(response, excluded_checks=REFUSED if response.status_code == 413 else UNSAYABLE)

    each()
    return statuses


def tried(folder, **how):
    """Statuses by operation."""
    found = {}
    with houses.gateway(keyed(folder)) as made, houses.listening(made) as port, requests.Session() as session:
        told = document(made.models, "1", body=4 << 20, labelled=made.watching.labels)

        def call(case):
            key = {"Authorization": f"Bearer {TOKEN}"}
            return case.call(base_url=f"http://127.0.0.1:{port}", session=session, headers=key)

        for operation in (one.ok() for one in schemathesis.openapi.from_dict(told).get_all_operations()):
            free = told["paths"][operation.path][operation.method].get("security") == []
            for mode in GenerationMode:
                if not (free and mode is GenerationMode.NEGATIVE):  # there, nothing could be wrong
                    statuses = found.setdefault(operation.label, set())
                    statuses |= try_each(operation.as_strategy(mode), call, **how)
        assert made.ready()
        assert not [slug for (_, slug) in made.register.metrics.decisions if slug in {"internal", "upstream"}]
    return found


def test_the_server_is_as_its_document_says(tmp_path):
    """A short and repeatable run over every operation, with what fits and what does not."""
    found = tried(tmp_path / "p", examples=6, derandomize=True)
    assert len(found) == 10
    assert found["POST /v2/models/churn/feedback"] >= {400, 404}
    assert all(status < 500 for statuses in found.values() for status in statuses)
    assert 400 in found["POST /v2/models/churn/infer"]


@pytest.mark.slow
def test_the_server_is_as_its_document_says_for_long(tmp_path):
    """The same with a hundred examples of each."""
    found = tried(tmp_path / "p", examples=100, derandomize=False)
    assert all(status < 500 for statuses in found.values() for status in statuses)


def test_the_documents_own_example_is_answered(tmp_path):
    """As JSON and with tensors as bytes; an answer says what is left."""
    with houses.gateway(keyed(tmp_path / "p")) as made, houses.listening(made) as port, requests.Session() as session:
        told = document(made.models, "1", body=4 << 20)
        schema = schemathesis.openapi.from_dict(told)
        for path, operations in told["paths"].items():
            if not path.endswith("/infer"):
                continue
            example = operations["post"]["requestBody"]["content"]["application/json"]["example"]
            operation = schema[path]["POST"]
            for body in (example, {**example, "parameters": {"binary_data_output": True}}):
                case = operation.Case(body=body, media_type="application/json")
                response = case.call(
                    base_url=f"http://127.0.0.1:{port}", session=session, headers={"Authorization": f"Bearer {TOKEN}"}
                )
                assert response.status_code == 200
                case.validate_response(response, excluded_checks=[CHECKS.get_one("ignored_auth")])
                assert response.headers["ratelimit-policy"][0].startswith('"requests";q=100000;w=1')


def test_a_server_for_anybody_says_so(tmp_path):
    """No scheme of credentials is asked for where none is declared."""
    with houses.gateway(tmp_path / "p") as made:
        assert document(made.models, "1", body=1, secured=False)["security"] == []
        assert document(made.models, "1", body=1)["security"]
