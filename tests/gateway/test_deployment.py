"""What is in deploy/ is valid by the official schemas, is as closed as it says, and serves under those restrictions."""

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from gateway import houses
from gateway.test_guarded import CLIENTS, SECRET, signed
from redan.gateway.assembly import assemble

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PEER = ROOT / ".peers" / "deploy" / "bin" / "python"
UNIT = DEPLOY / "systemd" / "redan-gateway.service"
SCHEMAS = [PEER, *(ROOT / ".peers" / name / ".made" for name in ("deploy", "kserve"))]
peer = pytest.mark.skipif(not all(map(Path.exists, SCHEMAS)), reason="no schemas in .peers/deploy (tools/peers.sh)")
NOBODY = 65532


def documents(folder):
    """All documents of a folder, by kind and name."""
    return {
        (one["kind"], one["metadata"]["name"]): one
        for path in sorted((DEPLOY / folder).glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
    }


def faults(kind, *files):
    """What the official schemas do not allow."""
    line = [PEER, Path(__file__).with_name("peer_manifests.py"), kind, *files]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()


@peer
@pytest.mark.peer
@pytest.mark.parametrize("kind", ["kubernetes", "kserve", "envoy"])
def test_manifests_are_valid_by_the_official_schemas(kind):
    """Strictly: a field that is not known is a fault."""
    assert faults(kind, *sorted((DEPLOY / kind).glob("*.yaml"))) == []


@peer
@pytest.mark.peer
@pytest.mark.parametrize(
    ("kind", "file", "change"),
    [
        ("kubernetes", "gateway.yaml", ("readOnlyRootFilesystem", "readonlyRootFilesystem")),
        ("kubernetes", "gateway.yaml", ("replicas: 2", 'replicas: "2"')),
        ("kserve", "runtime.yaml", ("supportedModelFormats", "modelFormats")),
        ("kserve", "runtime.yaml", ("mountPath: /mnt/state", "path: /mnt/state")),
        ("kserve", "service.yaml", ("storageUri", "uri")),
        ("envoy", "envoy.yaml", ("require_client_certificate", "require_certificate")),
        ("envoy", "envoy.yaml", ("SANITIZE_SET", "SANITISE_SET")),
        ("envoy", "envoy.yaml", ("max_active_downstream_connections", "max_connections")),
    ],
)
def test_a_fault_in_a_manifest_is_found(tmp_path, kind, file, change):
    """One word wrong in each place that is nested differently."""
    text = (DEPLOY / kind / file).read_text()
    assert change[0] in text
    (tmp_path / file).write_text(text.replace(*change))
    assert faults(kind, tmp_path / file)


def test_pods_keep_the_restricted_profile():
    """Each container of each pod, those of KServe too; what a pod may write is mounted."""
    pods = [
        one["spec"]["template"]["spec"] for (kind, _), one in documents("kubernetes").items() if kind == "StatefulSet"
    ]
    kserve = documents("kserve")
    service = kserve["InferenceService", "churn"]["spec"]["predictor"]
    pods.append({**kserve["ServingRuntime", "redan-gateway"]["spec"], **service})
    assert len(pods) == 3
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsUser"] == NOBODY
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for one in pod["containers"]:
            closed = one["securityContext"]
            assert closed["allowPrivilegeEscalation"] is False
            assert closed["readOnlyRootFilesystem"] is True
            assert closed["runAsNonRoot"] is True
            assert closed["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in one["resources"]["limits"]


def test_nothing_goes_out_but_to_the_store_and_for_its_name():
    """Every policy names both directions; the gateway's has two ways out."""
    policies = {name: one["spec"] for (kind, name), one in documents("kubernetes").items() if kind == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert all(one["policyTypes"] == ["Ingress", "Egress"] for one in policies.values())
    assert "egress" not in policies["redan-store"]
    ways = policies["redan-gateway"]["egress"]
    assert [[port["port"] for port in way["ports"]] for way in ways] == [[6379], [53, 53]]
    assert all(way["to"] for way in ways)


@pytest.mark.parametrize(("base", "models"), [("kubernetes", "models"), ("kserve", "models")])
def test_the_description_of_the_manifests_can_be_served(tmp_path, monkeypatch, base, models):
    """With a sealed model, a real public key and the secret in the environment, all that it declares is enforced; what
    it writes lies in the volume of the state alone."""
    data = documents("kubernetes")["ConfigMap", "redan-system"]["data"]
    for name in ("redan.toml", "clients.toml"):
        (tmp_path / name).write_text(data[name])
    (tmp_path / "team.pub").write_text(houses.SIGNER.public.pem)
    (tmp_path / models).mkdir()
    houses.seal(tmp_path / models, houses.model())
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("BILLING_SECRET", base64.b64encode(SECRET).decode())
    made = assemble(houses.read(tmp_path))
    made.close()
    assert {path.name for path in tmp_path.iterdir()} == {"redan.toml", "clients.toml", "team.pub", "models", "state"}
    assert {path.name for path in (tmp_path / models).iterdir()} == {"model.onnx", "model.seal"}
    pod = documents("kubernetes")["StatefulSet", "redan-gateway"]["spec"]["template"]["spec"]["containers"][0]
    if base == "kserve":
        pod = documents("kserve")["ServingRuntime", "redan-gateway"]["spec"]["containers"][0]
    root = "/srv/redan" if base == "kubernetes" else "/mnt"
    assert pod["args"][0] == "serve"
    assert {f"{root}/{name}" for name in ("redan.toml", "clients.toml", "team.pub", "state")} <= {
        one["mountPath"] for one in pod["volumeMounts"]
    }


def test_the_proxy_passes_no_more_than_the_gateway_takes():
    """The same bounds on both sides, and only its own word about certificates."""
    from redan.exchange.limits import Limits
    from redan.gateway.connection import Room

    listener = yaml.safe_load((DEPLOY / "envoy" / "envoy.yaml").read_text())["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["forward_client_cert_details"] == "SANITIZE_SET"
    assert manager["max_request_headers_kb"] << 10 == Room().head
    assert manager["common_http_protocol_options"]["max_headers_count"] == Room().headers
    assert manager["http_filters"][0]["typed_config"]["max_request_bytes"] == Limits().body
    assert manager["normalize_path"] is False


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze (package systemd)")
def test_the_unit_is_valid_and_closed(tmp_path):
    """systemd has nothing to say against it but that the program is not installed here, and finds it well closed."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/redan/bin/redan", shutil.which("true")))
    verified = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    if "Failed to" in verified.stderr and verified.returncode:
        pytest.skip(f"systemd-analyze does not work here: {verified.stderr[:100]}")
    assert (verified.returncode, verified.stderr) == (0, "")
    closed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert closed.returncode == 0, closed.stdout.splitlines()[-1:]


def containerfile():
    """Instructions, with continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_the_image_is_without_root_pinned_and_small():
    """The last stage runs as a number, takes the environment from the first, and installs nothing."""
    every = containerfile()
    starts = [place for place, (word, _) in enumerate(every) if word == "FROM"]
    assert len(starts) == 2
    build, last = every[: starts[1]], every[starts[1] :]
    installs = [part for word, rest in build if word == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert installs
    assert all("--constraint constraints.txt" in part for part in installs)
    assert ("USER", f"{NOBODY}:{NOBODY}") in last
    assert not any("install" in rest for _, rest in last)
    assert not any(word == "ADD" for word, _ in every)
    words = dict(last)
    assert json.loads(words["ENTRYPOINT"]) == ["/opt/redan/bin/redan"]
    assert json.loads(words["CMD"]) == ["serve", "/srv/redan"]


def health(port):
    """The image's own question about its health, put to another port."""
    line = next(rest for word, rest in containerfile() if word == "HEALTHCHECK")
    python, *more = json.loads(line[line.index("CMD ") + 4 :])
    assert python == "/opt/redan/bin/python"
    return [sys.executable, *(part.replace("8080", str(port)) for part in more)]


CLOSED = """
set -e
mount --make-rprivate /
mount --bind {state} {state}
{binds}
mount -o remount,bind,ro /
{python} - <<'EOF'
import fcntl, socket, struct
with socket.socket() as sock:
    fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
EOF
exec setpriv --reuid {uid} --regid {uid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all {inside}
"""
INSIDE = """
import base64, ctypes, os, signal, socket, subprocess, sys, time, http.client, json
line, health, folder, headers, body = json.loads(sys.argv[1])
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) in (0, -1)  # no memory that is written and run, where the kernel knows it
found = {}
for name in (folder, "/", "/tmp"):
    try:
        open(name + "/written", "w").close()
        found["wrote"] = name
    except OSError:
        pass
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    found["out"] = True
except OSError as error:
    found["out"] = type(error).__name__
child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
first = child.stdout.readline().decode()
if not first.startswith("serving at "):
    raise SystemExit(child.stderr.read().decode())
asked = http.client.HTTPConnection("127.0.0.1", 8080, timeout=10)
until = time.monotonic() + 15
while time.monotonic() < until:
    asked.request("GET", "/v2/health/ready")
    answer = asked.getresponse()
    answer.read()
    if answer.status == 200:
        break
    time.sleep(0.2)
found["health"] = subprocess.run(health, capture_output=True).returncode
asked.request("POST", "/v2/models/churn/infer", base64.b64decode(body))
answer = asked.getresponse()
answer.read()
found["unsigned"] = answer.status
found["status"] = dict(l.split(":\\t", 1) for l in open(f"/proc/{child.pid}/status").read().splitlines() if ":\\t" in l)
child.send_signal(signal.SIGTERM)
_, err = child.communicate(timeout=20)
found["code"], found["err"] = child.returncode, err.decode()
print(json.dumps(found))
"""


@pytest.fixture
def open_path():
    """A folder that other users may enter; those of tests may be closed at any time."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "mount"))),
    reason="needs root for a namespace of its own",
)
def test_it_serves_as_nobody_on_a_read_only_file_system_without_a_network(open_path):
    """Another user, no capability, nothing to write to but the state, nothing but loopback: it starts, is healthy, asks
    who asks, and ends in order with its decisions on the disk."""
    probe = subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"no namespaces here: {probe.stderr.decode()[:80]}")
    folder = houses.project(
        open_path / "p",
        gateway='clients = "clients.toml"\nlisten = "127.0.0.1:8080"\nstate = "state"\ncheckpoint = "state/checkpoint"\n'
        'authorities = ["api.example.org"]',
    )
    text = (folder / "redan.toml").read_text().replace("authenticated = false", "authenticated = true")
    (folder / "redan.toml").write_text(text)
    (folder / "clients.toml").write_text(
        CLIENTS.replace('"file:alice.secret"', '"env:ALICE"').replace('"file:bob.secret"', '"env:ALICE"')
    )
    (folder / "state").mkdir(mode=0o700)
    os.chown(folder / "state", NOBODY, NOBODY)
    given = dict.fromkeys([sys.base_prefix, *sys.path])
    seen = [path for path in given if path and Path(path).is_dir()]  # nobody may read what lies above some of them
    places = [open_path / "seen" / str(place) for place in range(len(seen))]
    for place in places:
        place.mkdir(parents=True)
    binds = "\n".join(
        shlex.join(["mount", "--bind", path, str(place)]) for path, place in zip(seen, places, strict=True)
    )
    python = str(places[0] / Path(os.path.realpath(sys.executable)).relative_to(sys.base_prefix))
    line = [python, "-m", "redan", "serve", str(folder)]
    given = json.dumps(
        [line, [python, *health(8080)[1:]], str(folder), signed(), base64.b64encode(houses.BODY).decode()]
    )
    inside = shlex.join([python, "-c", INSIDE, given])
    state = shlex.quote(str(folder / "state"))
    script = CLOSED.format(state=state, binds=binds, python=shlex.quote(sys.executable), uid=NOBODY, inside=inside)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, places[1:])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/nonexistent",
        "LD_LIBRARY_PATH": str(places[0] / "lib"),
        "ALICE": base64.b64encode(SECRET).decode(),
    }
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", script],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "wrote" not in found
    assert found["out"] == "OSError"
    assert (found["health"], found["unsigned"], found["code"]) == (0, 401, 0)
    assert found["err"] == ""
    status = found["status"]
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert {status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"].strip() == "1"
    assert (folder / "state" / "checkpoint").exists()
    assert (folder / "state" / "state.bin").stat().st_mode & 0o077 == 0
