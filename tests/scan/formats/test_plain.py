"""Plain text is clean; program text, YAML that builds objects, and text forms of models are told."""

import pytest

from scan_samples import HOSTILE_TEMPLATES, PLAIN_TEMPLATES, rules, verdict

PLAIN = {
    "README.md": b"---\nlicense: mit\ntags: [a]\n---\n# Model\n\n```python\nimport torch\nmodel = torch.load('x')\n```\n",
    "README": b"# T\xc3\xb6st\n\n<p align='center'>Hello</p>\n",
    "vocab.txt": b"[PAD]\n[UNK]\ncat\ndog\nclass\nimport\n",
    "merges.txt": b"#version: 0.2\na b\n",
    "labels.txt": b"cat\ndog\nbird\n",
    "conda.yaml": b"channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip:\n  - mlflow\n",
    "config.yaml": b"model:\n  type: bert\n  target: cpu\ntrain:\n  lr: 1e-3\n",
    "data.csv": b"a,b\n1,2\n",
    "requirements.txt": b"torch==2.10\n",
    "LICENSE": b"from the copyright holder, a class of works: see below\n",
    "empty.txt": b"\n",
    "text": b"hello",
    "template.jinja": PLAIN_TEMPLATES[0].encode(),
    "MLmodel": b"flavors:\n  sklearn:\n    pickled_model: model.pkl\n  python_function:\n    loader_module: mlflow.sklearn\n",
}
CODE = {
    "modeling_x.py": b"x = 1\n",
    "setup.sh": b"echo\n",
    "notes.txt": b"import os\nos.listdir('.')\n",
    "run": b"#!/bin/sh\ntrue\n",
    "page.html": b"<p>x</p>",
    "page.txt": b"<script>alert(1)</script>",
    "x.pbtxt": b"a: 1\n",
    "graph.txt": b'node {\n  name: "a"\n  op: "ReadFile"\n}\n',
    "hydra.yaml": b"model:\n  _target_: mine.Model\n",
    "diffusion.yaml": b"model:\n  target: ldm.models.Model\n  params: {}\n",
    "remote.yaml": b"trust_remote_code: true\n",
    "keras.yaml": b"class_name: Sequential\nconfig: {}\n",
    "MLmodel": b"flavors:\n  python_function:\n    loader_module: mine.loader\n",
    "x.jinja": b"{% if %}",
    "latin.txt": "für".encode("latin-1"),
    "control.txt": b"a\x1b[2Jb",
}
DANGEROUS = {
    "apply.yaml": b"a: !!python/object/apply:os.system ['true']\n",
    "full.yaml": b"a: !<tag:yaml.org,2002:python/object/new:os.system> []\n",
    "percent.yaml": b"a: !!%70ython/object/apply:os.system ['true']\n",
    "directive.yaml": b"%TAG ! tag:yaml.org,2002:python/\n---\na: !object/apply:os.system ['true']\n",
    "other.yaml": b"%TAG !x! tag:yaml.org,2002:python/object/\n---\na: !x!apply:os.system ['true']\n",
    "hydra.yaml": b"a:\n  _target_: os.system\n  command: 'true'\n",
    "quoted.yaml": b'"_target_": "builtins.exec"\n',
    "escaped.yaml": b'a: {"\\x5ftarget_": os.system}\n',
    "flow.yaml": b"a: {_target_: subprocess.Popen}\n",
    "template.jinja": HOSTILE_TEMPLATES[0].encode(),
    "README.md": b"# x\n" + HOSTILE_TEMPLATES[0].encode(),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_text_is_clean(name):
    """What lies beside published models raises nothing."""
    assert rules(PLAIN[name], name) == set()


@pytest.mark.parametrize("name", CODE)
def test_program_text_is_not_understood(name):
    """Text that some loader runs, imports or parses as a model is told."""
    assert verdict(CODE[name], name) == "not-understood"


@pytest.mark.parametrize("name", DANGEROUS)
def test_text_that_calls_is_malicious(name):
    """YAML tags that build Python objects, callables that run code, templates that leave their sandbox."""
    assert verdict(DANGEROUS[name], name) == "malicious"


def test_a_pickle_as_text_is_a_pickle():
    """Protocol 0 is plain text and no plain text."""
    assert verdict(b"cos\nsystem\n(S'true'\ntR.", "notes.txt") == "malicious"


def test_code_far_behind_is_found():
    """The whole text is read, not its first block."""
    assert verdict(b"words\n" * 50_000 + b"a: !!python/object/apply:os.system []\n", "a.yaml") == "malicious"
    assert verdict(b"words\n" * 50_000 + b"\x00", "a.txt") == "not-understood"
