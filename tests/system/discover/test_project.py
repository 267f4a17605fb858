"""Package lists, serving configuration and MLflow runs."""

import pytest

from redan.system.discover.project import pins, run, serving


def put(root, name, text):
    """A file of a project."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return name


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("requirements.txt", "Scikit_Learn==1.5.0 # c\npandas>=2\n-r x.txt\n# no\n\nuvicorn[standard] == 0.3\n",
         {"scikit-learn": "1.5.0", "pandas": "", "uvicorn": "0.3"}),
        ("dev-requirements.in", "a===1\nhttps://x/y.whl\n", {"a": "1"}),
        ("pyproject.toml", '[project]\ndependencies = ["numpy==2.1", "scipy"]\n', {"numpy": "2.1", "scipy": ""}),
        ("uv.lock", '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "b"\n', {"a": "1", "b": ""}),
        ("pyproject.toml", "project = 3", {}),
        ("pyproject.toml", '[project]\ndependencies = "x"', {}),
        ("poetry.lock", "package = [1, {}]", {}),
        ("pyproject.toml", "x = " + "[" * 10_000, {}),
        ("pyproject.toml", "a." * 50_000 + "b = 1", {}),
        ("notes.txt", "numpy==1", {}),
    ],
)  # fmt: skip
def test_package_lists(name, text, found, tmp_path):
    """Pinned and loose packages of each kind of list; broken and bottomless lists hold none."""
    assert {pin.package: pin.version for pin in pins(tmp_path, put(tmp_path, name, text))} == found


@pytest.mark.parametrize(
    ("name", "text", "kind", "public"),
    [
        ("Dockerfile", "FROM python:3.11\n", "Dockerfile", False),
        ("deploy/Dockerfile.api", "# c\nFROM x\n", "Dockerfile", False),
        ("docker-compose.yml", "version: 3\nservices:\n  a:\n", "Docker Compose", False),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Deployment\n", "Kubernetes Deployment", False),
        ("k8s/b.yaml", "kind: Service\nspec:\n  type: LoadBalancer\n", "Kubernetes Service", True),
        ("k8s/c.yaml", "kind: Service\n---\nkind: Ingress\n", "Kubernetes Service", True),
        ("model-settings.json", '{"name": "a", "implementation": "mlserver_sklearn.SKLearnModel"}', "MLServer", False),
        ("m/config.pbtxt", 'name: "m"\nplatform: "onnxruntime_onnx"\n', "Triton", False),
    ],
)
def test_serving_configuration(name, text, kind, public, tmp_path):
    """Each kind is recognised by its contents, and an outside address is noticed."""
    found = serving(tmp_path, put(tmp_path, name, text))
    assert (found.kind, found.public) == (kind, public)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Dockerfile", "hello"), ("params.yaml", "kind: of blue\n"), ("compose.yaml", "a: 1\n"), ("config.pbtxt", "x"),
     ("model-settings.json", "[1]"), ("model-settings.json", "{"), ("model-settings.json", "[" * 50_000), ("a.json", '{"implementation": 1}')],
)  # fmt: skip
def test_other_files_serve_nothing(name, text, tmp_path):
    """The name alone is not enough."""
    assert serving(tmp_path, put(tmp_path, name, text)) is None


def test_mlflow_runs(tmp_path):
    """A run and the script it ran; an experiment's own meta.yaml is none."""
    put(tmp_path, "mlruns/0/abc/tags/mlflow.source.name", "src/train.py\n")
    found = run(tmp_path, put(tmp_path, "mlruns/0/abc/meta.yaml", "artifact_uri: x\nrun_id: abc\n"))
    assert (found.path, found.source) == ("mlruns/0/abc", "src/train.py")
    assert run(tmp_path, put(tmp_path, "mlruns/0/meta.yaml", "experiment_id: '0'\n")) is None
    assert run(tmp_path, put(tmp_path, "mlruns/0/def/meta.yaml", "run_uuid: def\n")).source == ""


def test_a_run_whose_tags_lead_elsewhere_is_passed_over(tmp_path):
    """A link out of the folder is not followed to learn a name."""
    inside = tmp_path / "inside"
    put(tmp_path, "outside/mlflow.source.name", "secret.py")
    name = put(inside, "mlruns/0/abc/meta.yaml", "run_id: abc\n")
    (inside / "mlruns/0/abc/tags").symlink_to(tmp_path / "outside")
    assert run(inside, name) is None
