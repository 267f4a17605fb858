"""The incidents of other servers, R1 to R26, each with the tests that keep it from happening here; and the missing ones.

The first table names the tests that stand elsewhere beside what they test; a test of this file makes sure that each is
there. What is written here goes through the whole door: all guards on, signed bytes in, a status out.
"""

import ast
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import houses
from gateway.test_guarded import TOKEN, project, signed

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests/gateway/test_incidents.py"
INCIDENTS = {
    "R1": (
        "tests/gateway/test_asgi.py::test_every_route_refuses_every_method_without_credentials",
        "tests/gateway/test_settings.py::test_who_does_not_say_who_may_ask_serves_nobody",
        f"{HERE}::test_r1_no_route_takes_a_model_from_anywhere",
    ),
    "R2": (f"{HERE}::test_r2_r14_paths_lead_nowhere_else", f"{HERE}::test_r2_links_lead_nowhere_else"),
    "R3": (
        "tests/gateway/test_asgi.py::test_every_route_refuses_every_method_without_credentials",
        "tests/gateway/test_admin.py::test_nothing_answers_without_the_token",
        "tests/gateway/test_pipeline.py::test_unknown_and_forbidden_are_the_same_bytes",
        "tests/guards/test_limits.py::test_unknown_and_forbidden_models_are_one_answer",
    ),
    "R4": (
        "tests/gateway/test_asgi.py::test_every_route_refuses_every_method_without_credentials",
        "tests/gateway/test_admin.py::test_nothing_answers_without_the_token",
    ),
    "R5": (
        "tests/gateway/test_asgi.py::test_every_route_refuses_every_method_without_credentials",
        "tests/gateway/test_asgi.py::test_a_method_that_is_not_taken_names_the_one_that_is",
    ),
    "R6": (
        "tests/architecture/test_house.py::test_nothing_evaluates_or_unpickles",
        "tests/cli/test_serve.py::test_the_serving_process_imports_no_attack_and_no_unpickler",
        "tests/gateway/test_asgi.py::test_other_types_and_encodings_are_not_taken",
        "tests/gateway/test_service.py::test_what_is_no_onnx_is_not_served",
    ),
    "R7": (
        "tests/cli/test_serve.py::test_the_serving_process_imports_no_attack_and_no_unpickler",
        f"{HERE}::test_r7_r18_it_listens_where_it_says_and_speaks_to_nobody",
    ),
    "R8": (f"{HERE}::test_r8_what_a_model_says_about_itself_is_data",),
    "R9": ("tests/gateway/test_new_client.py::test_names_write_nothing_else",),
    "R10": (
        "tests/gateway/test_service.py::test_a_model_that_was_altered_or_sealed_by_a_stranger_is_not_served",
        "tests/models/test_loading.py::test_a_file_exchanged_between_verification_and_load_has_no_effect",
    ),
    "R11": (
        "tests/gateway/test_service.py::test_external_tensors_must_be_in_the_seal",
        "tests/gateway/test_service.py::test_external_tensors_outside_the_folder_are_refused",
        "tests/models/test_loading.py::test_linked_external_weights_are_refused",
        "tests/models/test_loading.py::test_operators_of_other_libraries_do_not_load",
    ),
    "R12": (
        "tests/gateway/test_connection.py::test_tiny_chunks_are_cut_off",
        "tests/gateway/test_connection.py::test_r12_extensions_and_trailers_of_chunks_are_bounded",
        "tests/gateway/test_asgi.py::test_what_is_too_large_is_cut_off",
    ),
    "R13": (
        "tests/exchange/test_decode.py::test_shapes",
        "tests/gateway/test_asgi.py::test_other_types_and_encodings_are_not_taken",
        "tests/gateway/test_connection.py::test_what_is_no_honest_http_is_refused_and_the_process_lives",
    ),
    "R14": (
        "tests/exchange/test_decode.py::test_shapes",
        "tests/exchange/test_decode.py::test_limits",
        "tests/exchange/test_decode.py::test_binary_lengths_of_the_header",
        "tests/gateway/test_asgi.py::test_what_says_that_it_is_too_large_is_not_read",
        f"{HERE}::test_r2_r14_paths_lead_nowhere_else",
    ),
    "R15": (
        "tests/gateway/test_asgi.py::test_a_guard_that_raises_blocks_and_tells_nothing",
        "tests/gateway/test_asgi.py::test_errors_say_the_same_whatever_was_wrong",
        "tests/gateway/test_remote_model.py::test_errors_of_the_server_are_not_passed_on",
    ),
    "R16": ("tests/exchange/test_decode.py::test_sizes_in_parameters", "tests/exchange/test_decode.py::test_shapes"),
    "R17": (
        "tests/gateway/test_asgi.py::test_other_types_and_encodings_are_not_taken",
        "tests/guards/test_limits.py::test_frames",
        f"{HERE}::test_r17_no_part_of_a_form_or_a_file_is_read",
    ),
    "R18": (
        f"{HERE}::test_r18_an_address_in_a_question_is_not_asked",
        f"{HERE}::test_r7_r18_it_listens_where_it_says_and_speaks_to_nobody",
        "tests/gateway/test_deployment.py::test_it_serves_as_nobody_on_a_read_only_file_system_without_a_network",
    ),
    "R19": (
        "tests/exchange/test_decode.py::test_no_question",
        f"{HERE}::test_r13_r14_r16_r19_what_others_died_of_is_a_refusal",
    ),
    "R20": (
        "tests/exchange/test_decode.py::test_parameters_switch_nothing_off",
        "tests/guards/test_signature.py::test_unsigned_requests",
        "tests/gateway/test_remote_model.py::test_the_question_is_written_anew",
        f"{HERE}::test_r20_nothing_in_a_question_switches_a_guard_off",
    ),
    "R21": ("tests/guards/test_identity.py::test_whole_tokens_are_the_key",),
    "R22": (
        "tests/guards/test_identity.py::test_what_is_no_credential",
        "tests/guards/test_identity.py::test_any_authorisation_is_answered",
    ),
    "R23": (f"{HERE}::test_r23_what_is_installed_is_pinned_and_little",),
    "R24": (
        "tests/guards/test_identity.py::test_headers_are_refused",
        "tests/guards/test_identity.py::test_algorithm_confusion",
        "tests/guards/test_identity.py::test_encrypted_tokens_are_off",
        "tests/guards/test_signature.py::test_algorithm_is_the_keys",
    ),
    "R25": (
        "tests/guards/test_signature.py::test_nonce_is_not_burnt_by_forgeries",
        "tests/guards/test_signature.py::test_nothing_is_taken_twice",
        "tests/gateway/test_valkey_store.py::test_a_store_that_is_down_refuses",
        "tests/gateway/test_clock.py::test_a_replay_under_a_clock_that_was_set_back_is_refused",
    ),
    "R26": ("tests/guards/test_identity.py::test_limits_follow_the_principal",),
}
DOOR = f"{HERE}::test_r13_r14_r16_r19_what_others_died_of_is_a_refusal"
MSGSPEC = {
    "deep nesting": (DOOR, "tests/exchange/test_decode.py::test_no_question"),
    "NaN and Infinity": (DOOR, "tests/exchange/test_decode.py::test_numbers"),
    "1e999": (DOOR, "tests/exchange/test_decode.py::test_numbers"),
    "1e39 in FP32": (DOOR, "tests/exchange/test_decode.py::test_numbers"),
    "30 digits": (DOOR, "tests/exchange/test_decode.py::test_numbers"),
    "shapes -1 and 2^63": (DOOR, "tests/exchange/test_decode.py::test_shapes"),
    "product of 2^33 and 2^33": (DOOR, "tests/exchange/test_decode.py::test_shapes"),
    "duplicate keys": (DOOR, "tests/exchange/test_decode.py::test_duplicate_keys"),
    "true, unknown field, BOM, surrogate, trailing bytes": (DOOR, "tests/exchange/test_decode.py::test_no_question"),
    "nested data": ("tests/exchange/test_decode.py::test_flat_and_nested",),
}


def names_of(path):
    """Tests of a file that are not skipped whatever happens."""
    return {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("incident", "nodes"), [*INCIDENTS.items(), *MSGSPEC.items()], ids=[*INCIDENTS, *(name for name in MSGSPEC)]
)
def test_each_incident_has_tests_that_are_there(incident, nodes):
    """By their names; a test that is renamed has to be renamed here, too."""
    assert nodes, incident
    for node in nodes:
        path, _, name = node.partition("::")
        assert name in names_of(path), node


def test_no_incident_is_left_out():
    """R1 to R26, in their order."""
    assert list(INCIDENTS) == [f"R{number}" for number in range(1, 27)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A gateway with all guards on, which outlives whatever this file sends it."""
    with houses.gateway(project(tmp_path_factory.mktemp("incidents") / "p")) as found:
        yield found
        assert houses.asked(found.plane, headers=signed())[0] == 200


def asked(made, body, more=()):
    """Status of a signed question, which has to come with an error that says no detail."""
    status, headers, said = houses.asked(made.plane, body=body, headers=[*signed(body), *more])
    if status != 200:
        assert headers[b"content-type"] == b"application/problem+json"
        found = json.loads(said)
        assert set(found) == {"type", "title", "status", "detail", "instance", "error"}
        assert found["detail"] == found["error"] == found["title"]
    return status


def tensor(data="[1,0,0,0]", shape="[1,4]", datatype="FP32", more=""):
    """A question as text."""
    return f'{{"inputs":[{{"name":"x","shape":{shape},"datatype":"{datatype}","data":{data}{more}}}]}}'.encode()


def test_r1_no_route_takes_a_model_from_anywhere(made):
    """Registrations of other servers, with credentials: there is no such path, and models come from the description."""
    bare = [("authorization", f"Bearer {TOKEN}"), ("content-type", "application/json")]
    for method, path in (
        ("POST", "/models"),
        ("POST", "/models?url=http://127.0.0.1/x.mar"),
        ("POST", "/v2/repository/models/churn/load"),
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/models/churn/load"),
        ("POST", "/v2/models/churn/unload"),
        ("PUT", "/v2/models/churn"),
        ("DELETE", "/v2/models/churn"),
        ("PUT", "/models/churn"),
    ):
        assert houses.asked(made.plane, method, path, b'{"url":"http://127.0.0.1/"}', bare)[0] in {404, 405}
    assert list(made.models) == ["churn"]


@pytest.mark.parametrize(
    "name",
    ["..", "../churn", "%2e%2e/churn", "..%2fchurn", "%252e%252e%252fchurn", "churn%00", "churn/../churn", "churn/.",
     "./churn", "churn//", "%63hurn", "churn;x", "churn\\..\\churn", "．．/churn", "c" * 81, "*", "http://x/churn"],
)  # fmt: skip
def test_r2_r14_paths_lead_nowhere_else(made, name):
    """Dots, escapes once and twice, other slashes: a path is compared as it came, on both planes."""
    bare = [("authorization", f"Bearer {TOKEN}"), ("content-type", "application/json")]
    for path in (
        f"/v2/models/{name}/infer",
        f"/v2/models/churn/versions/{name}/infer",
        f"/{name}/v2/models/churn/infer",
    ):
        assert houses.asked(made.plane, path=path, headers=bare)[0] in {404, 405}


def test_r2_links_lead_nowhere_else(tmp_path):
    """A link in the project that leaves it is not followed, to a model, a seal or the file of clients."""
    from redan.errors import RedanError
    from redan.gateway.assembly import assemble

    outside = tmp_path / "outside"
    for name in ("model.onnx", "model.seal", "clients.toml"):
        folder = project(tmp_path / name)
        outside.mkdir(exist_ok=True)
        (folder / name).rename(outside / name)
        (folder / name).symlink_to(outside / name)
        with pytest.raises(RedanError):
            assemble(houses.read(folder)).close()


def test_r8_what_a_model_says_about_itself_is_data(tmp_path, monkeypatch):
    """Commands in the names and notes of a sealed model start nothing: no program is started, no shell is there."""
    import onnx

    loaded = onnx.load_from_string(houses.model())
    mark = tmp_path / "mark"
    for key in ("python_env", "dependencies", "name"):
        entry = loaded.metadata_props.add()
        entry.key, entry.value = key, f"$(touch {mark}); `touch {mark}`\nRUN touch {mark}"
    loaded.doc_string = loaded.graph.doc_string = loaded.producer_name = f"$(touch {mark})"

    def refuse(*given, **more):
        raise AssertionError(given)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    for name in ("system", "popen", "fork", "posix_spawn", "execv", "execve"):
        monkeypatch.setattr(os, name, refuse)
    houses.project(tmp_path / "p", data=loaded.SerializeToString())
    with houses.gateway(tmp_path / "p") as found:
        assert houses.asked(found.plane)[0] == 200
        assert b"touch" not in houses.asked(found.plane, "GET", "/v2/models/churn", b"")[2]
    assert not mark.exists()


def test_r7_r18_it_listens_where_it_says_and_speaks_to_nobody(tmp_path):
    """One socket that listens and none that goes out, in the process that serves; no child, no queue of messages."""
    folder = houses.project(tmp_path / "p", gateway='listen = "127.0.0.1:0"')
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    line = [sys.executable, "-m", "redan", "serve", str(folder)]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    try:
        port = int(child.stdout.readline().decode().rpartition(":")[2])
        assert houses.raw(port, houses.question()).startswith(b"HTTP/1.1 200")
        links = [str(path.readlink()) for path in Path(f"/proc/{child.pid}/fd").iterdir()]
        inodes = {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}
        rows = [
            row.split()
            for name in ("tcp", "tcp6", "udp", "udp6")
            for row in Path(f"/proc/{child.pid}/net/{name}").read_text().splitlines()[1:]
        ]
        mine = [(row[1].split(":"), row[3]) for row in rows if row[9] in inodes]
        assert [(where, state) for where, state in mine if state == "0A"] == [(["0100007F", f"{port:04X}"], "0A")]
        assert all(where[1] == f"{port:04X}" for where, _ in mine)
        assert not Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
        assert not re.search("libzmq|libtorch|grpc", Path(f"/proc/{child.pid}/maps").read_text())
    finally:
        child.terminate()
        child.communicate(timeout=30)


@pytest.mark.parametrize(
    ("case", "data", "wanted"),
    [
        ("shape -1", tensor(shape="[-1,4]"), 400),
        ("shape 2^63", tensor(shape="[9223372036854775808,4]"), 413),
        ("shape 2^64+1", tensor(shape="[18446744073709551617,4]"), 413),
        ("product wraps", tensor(shape="[8589934592,8589934592]"), 413),
        ("shape true", tensor(shape="[true,4]"), 400),
        ("shape 10^6", tensor(shape="[1000000,4]"), 413),
        ("30 digits in a shape", tensor(shape="[100000000000000000000000000001,4]"), 413),
        ("1e39", tensor("[1e39,0,0,0]"), 400),
        ("1e999", tensor("[1e999,0,0,0]"), 400),
        ("30 digits for a float", tensor("[123456789012345678901234567890,0,0,0]"), 200),
        ("30 digits for an integer", tensor("[123456789012345678901234567890,0,0,0]", datatype="INT64"), 400),
        ("NaN", tensor("[NaN,0,0,0]"), 400),
        ("Infinity", tensor("[-Infinity,0,0,0]"), 400),
        ("true", tensor("[true,0,0,0]"), 400),
        ("duplicate data", tensor(more=',"data":[9,9,9,9]'), 200),
        ("duplicate inputs", tensor()[:-1] + b',"inputs":[]}', 400),
        ("unknown field", tensor(more=',"shm":"/dev/shm/x"'), 400),
        ("byte order mark", b"\xef\xbb\xbf" + tensor(), 400),
        ("lone surrogate", tensor(more=',"parameters":{"a":"\\ud800"}'), 400),
        ("trailing bytes", tensor() + b"{}", 400),
        ("200,000 arrays", tensor("[" * 200_000 + "]" * 200_000), 400),
        ("200,000 records", tensor(more=',"parameters":' + '{"a":' * 200_000 + "1" + "}" * 200_000), 400),
        ("a huge exponent", tensor("[1e-9999999999999,0,0,0]"), 200),
        ("a number of a megabyte", tensor("[" + "1" * (1 << 20) + ",0,0,0]"), 400),
        ("n without end", tensor(more=',"parameters":{"n":9223372036854775808}'), 200),
        ("shared memory", tensor(more=',"parameters":{"shared_memory_region":"x","shared_memory_byte_size":16}'), 200),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_r13_r14_r16_r19_what_others_died_of_is_a_refusal(made, case, data, wanted):
    """Signed by a client that may ask: one status, an opaque error, and the process goes on."""
    assert asked(made, data) == wanted, case


def test_r17_no_part_of_a_form_or_a_file_is_read(made):
    """Forms, ranges and content types that took others minutes to read: an answer at once, and nothing of it is used."""
    form = b'--b\r\nContent-Disposition: form-data; name="x"; filename="../../x"\r\n\r\nx\r\n--b--\r\n'
    for kind in (
        "multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded",
        "application/json;" + " a" * 9000,
    ):
        headers = [(name, kind if name == "content-type" else value) for name, value in signed(form)]
        assert houses.asked(made.plane, body=form, headers=headers)[0] in {400, 401, 415, 431}
    ranged = [*signed(), ("range", "bytes=" + ",".join(f"{n}-" for n in range(2000)))]
    assert houses.asked(made.plane, headers=ranged)[0] in {200, 400, 431}
    for path in ("/static/x", "/docs", "/openapi.json", "/metrics", "/favicon.ico"):
        assert houses.asked(made.plane, "GET", path, b"")[0] == 404


def test_r18_an_address_in_a_question_is_not_asked(made, monkeypatch):
    """Wherever a client may write text: nothing of it is looked up or connected to."""

    def refuse(*given, **more):
        raise AssertionError(given)

    address = "http://169.254.169.254/latest/meta-data/"
    bodies = [
        tensor(more=f',"parameters":{{"url":"{address}"}}'),
        json.dumps({**houses.QUESTION, "id": address[:64]}).encode(),
        json.dumps({**houses.QUESTION, "parameters": {"model_uri": address, "headers": "x"}}).encode(),
        json.dumps({**houses.QUESTION, "outputs": [{"name": address}]}).encode(),
        tensor(f'["{address}"]', "[1,1]", "BYTES"),
    ]
    signatures = [signed(body) for body in bodies]
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    found = [
        houses.asked(made.plane, body=body, headers=headers)[0]
        for body, headers in zip(bodies, signatures, strict=True)
    ]
    assert all(status in {200, 400, 422} for status in found), found


def test_r20_nothing_in_a_question_switches_a_guard_off(made):
    """Tags and headers that told others to look away: what is refused stays refused, what is answered is the same."""
    bad = tensor("[1e39,0,0,0]", more=',"parameters":{"skip_validation":true,"mlflow.skipValidation":true}')
    assert asked(made, bad) == 400
    more = [
        ("x-skip-validation", "true"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-redan-principal", "root"),
        ("x-original-url", "/v2/health/live"),
    ]
    bare = [h for h in signed() if not h[0].startswith("signature")]
    assert houses.asked(made.plane, headers=[*bare, *more])[0] == 401
    assert asked(made, tensor("[NaN,0,0,0]"), more) == 400


def test_r23_what_is_installed_is_pinned_and_little():
    """Every package that the gateway needs, and what those need, has one version in constraints.txt."""
    import tomllib
    from importlib.metadata import requires

    project_ = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = [*project_["dependencies"], *project_["optional-dependencies"]["gateway"]]
    pinned = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    seen = set()
    while needs:
        line = needs.pop()
        name = re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9_.-]+", line)[0]).lower()
        if name not in seen and not re.search(
            r"extra ==|python_(full_)?version|(sys_platform|platform_system) == .[wW]in", line
        ):
            seen.add(name)
            needs += requires(name) or ()
    assert {"uvicorn", "httptools", "uvloop", "msgspec", "onnxruntime", "joserfc", "valkey"} <= seen
    assert seen <= pinned
    assert len(seen) < 60
