"""JSON beside a model: settings that import, call or render are told; tokenisers and configurations are clean."""

import json

import pytest

from scan_samples import HOSTILE_TEMPLATES, PLAIN_TEMPLATES, rules, verdict

PLAIN = {
    "config.json": {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 32, "id2label": {"0": "a"}},
    "tokenizer.json": {
        "version": "1.0",
        "added_tokens": [],
        "model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]},
    },
    "tokenizer_config.json": {"tokenizer_class": "X", "chat_template": PLAIN_TEMPLATES[0]},
    "templates.json": {
        "chat_template": [
            {"name": "default", "template": PLAIN_TEMPLATES[0]},
            {"name": "tool", "template": PLAIN_TEMPLATES[1]},
        ]
    },
    "modules.json": [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}],
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.30",
        "unet": ["diffusers", "UNet2D"],
        "x": [None, None],
    },
    "xgboost.json": {"learner": {"objective": {"name": "reg:squarederror"}}, "version": [3, 0, 0]},
    "numbers.json": {"eps": float("nan"), "max": float("inf")},
    "no code.json": {"auto_map": {}, "trust_remote_code": False, "target": "cpu"},
    "empty.json": {},
}

CODE = {
    "auto_map": {"auto_map": {"AutoModel": "modeling_x.Model"}},
    "auto_map elsewhere": {"auto_map": {"AutoModel": "owner/repo--modeling_x.Model"}},
    "nested auto_map": {"text_config": {"auto_map": {"AutoConfig": "x.Y"}}},
    "trust_remote_code": {"trust_remote_code": True},
    "custom_pipelines": {"custom_pipelines": {"x": {"impl": "x.Pipeline"}}},
    "hydra": {"model": {"_target_": "my_package.Model", "size": 1}},
    "instantiate": {"model": {"target": "ldm.models.Diffusion", "params": {}}},
    "lightning": {"class_path": "mine.Model", "init_args": {}},
    "peft": {"auto_mapping": {"base_model_class": "X", "parent_library": "mine"}},
    "sentence transformers": [{"idx": 0, "name": "0", "path": "", "type": "mine.Model"}],
    "diffusers": {"_class_name": "P", "_diffusers_version": "0.30", "unet": ["mine", "Net"]},
    "notebook": {"nbformat": 4, "cells": []},
    "ONNX as JSON": {"irVersion": "8", "graph": {}, "opsetImport": []},
    "jsonpickle object": {"py/object": "mine.Class"},
    "TensorFlow.js with another operator": {"modelTopology": {"node": [{"name": "a", "op": "MyOp"}]}},
}

DANGEROUS = {
    "hydra": {"_target_": "os.system", "command": "true"},
    "hydra with builtins": {"a": [{"_target_": "builtins.eval"}]},
    "hydra subprocess": {"_target_": "subprocess.Popen", "args": ["true"]},
    "instantiate": {"target": "os.system", "params": {}},
    "auto_map": {"auto_map": {"AutoModel": "os.system"}},
    "sentence transformers": [{"idx": 0, "path": "", "type": "os.system"}],
    "jsonpickle": {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["true"]}]},
    "TensorFlow.js": {"modelTopology": {"node": [{"name": "a", "op": "ReadFile"}]}},
    "template": {"chat_template": HOSTILE_TEMPLATES[0]},
    "templates": {
        "chat_template": [
            {"name": "default", "template": PLAIN_TEMPLATES[0]},
            {"name": "x", "template": HOSTILE_TEMPLATES[1]},
        ]
    },
    "template of a processor": {"processor": {"chat_template": HOSTILE_TEMPLATES[2]}},
    "prompt": {"template_format": "jinja2", "template": HOSTILE_TEMPLATES[0]},
}


@pytest.mark.parametrize("name", PLAIN)
def test_configurations_without_code_are_clean(name):
    """What published models carry raises nothing, with and without a byte order mark."""
    data = json.dumps(PLAIN[name]).encode()
    assert rules(data, name) == set()
    assert rules(b"\xef\xbb\xbf" + data, name) == set()


@pytest.mark.parametrize("name", CODE)
def test_settings_that_import_are_not_understood(name):
    """Code that comes with the model, or is imported by name, is told."""
    assert verdict(json.dumps(CODE[name]).encode(), "config.json") == "not-understood"


@pytest.mark.parametrize("name", DANGEROUS)
def test_settings_that_call_are_malicious(name):
    """A callable that runs code, and a template that leaves its sandbox, are malicious, whatever the file is called."""
    for file in ("config.json", "notes", "x.txt"):
        assert verdict(json.dumps(DANGEROUS[name]).encode(), file) == "malicious"


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":',
        b'{"a": 1} x}',
        b"{" * 50_000 + b"}" * 50_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"a": "\xff"}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b"{'a': 1}",
    ],
)
def test_broken_json_is_never_clean_under_its_name(data):
    """What is called JSON and is not, is nested too deep or names a key twice is not understood."""
    assert verdict(data, "config.json") == "not-understood"
