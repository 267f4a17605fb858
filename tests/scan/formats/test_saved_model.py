"""TensorFlow models, built on the wire: operators, paths, assets, functions, and the Keras configurations inside."""

import json

import pytest

from redan.scan import scan_bytes
from scan_samples import (
    HOSTILE_KERAS,
    PLAIN_KERAS,
    keras_object_graph,
    message,
    number,
    rules,
    saved_model,
    tf_attr,
    tf_const,
    tf_function,
    tf_graph,
    tf_node,
    verdict,
)

PLAIN = (tf_node("x", "Placeholder"), tf_node("w", "VarHandleOp"), tf_node("y", "MatMul", "x", "w"))


def test_a_model_that_computes_is_clean():
    """Operators that compute, functions of its own, and TensorFlow's own savers are clean."""
    saver = (
        tf_node("saver_filename", "Placeholder"),
        tf_const("s3", "^s3://.*"),
        tf_node("test", "StaticRegexFullMatch", "saver_filename"),
        tf_const("part", "_temp/part"),
        tf_node("joined", "StringJoin", "saver_filename", "part"),
        tf_node("save", "SaveV2", "joined"),
        tf_node("restore", "RestoreV2", "saver_filename"),
    )
    data = saved_model(
        *PLAIN, tf_node("call", "__inference_f_1", "y"), functions=(tf_function("__inference_f_1", *saver),)
    )
    assert scan_bytes(data, "saved_model.pb").format == "tf-saved-model"
    assert rules(data) == set()


@pytest.mark.parametrize(
    "op",
    [
        "ReadFile",
        "WriteFile",
        "MatchingFiles",
        "PyFunc",
        "PyFuncStateless",
        "EagerPyFunc",
        "LoadLibrary",
        "TextLineDataset",
        "DebugIdentityV2",
        "RpcCall",
        "ImmutableConst",
        "Save",
        "SqlDataset",
        "CreateSummaryFileWriter",
    ],
)
@pytest.mark.parametrize("where", ["graph", "function", "frozen"])
def test_operators_that_reach_out_are_malicious(op, where):
    """Files, network, Python and libraries, in the graph, in a function and in a frozen graph."""
    evil = tf_node("e", op, "x")
    data = {
        "graph": saved_model(*PLAIN, evil),
        "function": saved_model(*PLAIN, functions=(tf_function("f", *PLAIN, evil),)),
        "frozen": tf_graph(*PLAIN, evil),
    }[where]
    assert verdict(data, "model.pb") == "malicious"


@pytest.mark.parametrize("op", ["MyCustomOp", "Addons>Thing", "ReadFileV9"])
def test_unknown_operators_are_not_understood(op):
    """An operator that is not on the list may come from a library."""
    assert verdict(saved_model(*PLAIN, tf_node("e", op))) == "not-understood"


@pytest.mark.parametrize("path", ["/tmp/x", "../../x", "C:\\x", "gs://bucket/x", "~/x"])
@pytest.mark.parametrize("op", ["SaveV2", "RestoreV2", "MergeV2Checkpoints"])
def test_savers_with_a_path_of_their_own_are_malicious(op, path):
    """A constant path that flows into what saves or restores, also through operators that pass texts on."""
    nodes = (
        tf_const("p", path),
        tf_node("i", "Identity", "p"),
        tf_node("j", "StringJoin", "i:0"),
        tf_node("s", op, "j"),
    )
    assert verdict(saved_model(*nodes)) == "malicious"
    assert verdict(saved_model(functions=(tf_function("f", *nodes),))) == "malicious"


def test_a_path_that_may_reach_a_saver_is_not_understood():
    """A path in the graph and a saver in a function: whether they meet is not followed."""
    data = saved_model(tf_const("p", "/tmp/x"), functions=(tf_function("f", tf_node("s", "SaveV2", "arg")),))
    assert verdict(data) == "not-understood"


def test_constants_that_look_like_paths_are_clean_where_nothing_saves():
    """Words with slashes are no fault of a text model."""
    assert rules(saved_model(tf_const("p", "/tmp/x"), *PLAIN)) == set()


def test_printing_to_a_file_is_malicious():
    """PrintV2 prints to any file that its attribute names."""
    assert (
        verdict(saved_model(tf_node("p", "PrintV2", attrs=(tf_attr("output_stream", message(2, "file:///tmp/x")),))))
        == "malicious"
    )
    assert rules(saved_model(tf_node("p", "PrintV2", attrs=(tf_attr("output_stream", message(2, "stderr")),)))) == set()


@pytest.mark.parametrize(
    ("name", "wanted"), [("vocab.txt", "clean"), ("../vocab.txt", "malicious"), ("/etc/hostname", "malicious")]
)
def test_assets_stay_in_their_folder(name, wanted):
    """The file of an asset is named relative to the model's assets."""
    assert verdict(saved_model(*PLAIN, more=message(6, message(2, name)))) == wanted


@pytest.mark.parametrize("name", HOSTILE_KERAS)
def test_configurations_of_keras_inside_are_read(name):
    """Keras 2 rebuilds layers from metadata in the object graph and from keras_metadata.pb."""
    text = json.dumps(HOSTILE_KERAS[name])
    assert verdict(saved_model(*PLAIN, more=keras_object_graph(text))) == "malicious"
    assert (
        verdict(message(1, number(2, 0), message(3, "root"), message(4, "_tf_keras_network"), message(5, text)))
        == "malicious"
    )


def test_plain_configurations_inside_are_clean():
    """Layers of Keras in the object graph raise nothing."""
    text = json.dumps(PLAIN_KERAS["Keras 2"])
    assert rules(saved_model(*PLAIN, more=keras_object_graph(text))) == set()
    assert rules(saved_model(*PLAIN, more=keras_object_graph(""))) == set()


HOSTILE = {
    "metadata that is no JSON": saved_model(*PLAIN, more=keras_object_graph("{")),
    "unknown field": saved_model(*PLAIN, more=message(99, "x")),
    "operator twice": saved_model(message(1, message(1, "a"), message(2, "MatMul"), message(2, "ReadFile"))),
    "operator that is no name": saved_model(message(1, message(1, "a"), message(2, "Mat\0Mul"))),
    "cut": saved_model(*PLAIN)[:-4],
    "second meta graph that is none": saved_model(*PLAIN) + message(2, b"\xff\xff"),
    "text form": b'saved_model_schema_version: 1\nmeta_graphs {\n  graph_def {\n    node { op: "ReadFile" }\n  }\n}\n',
    "two graphs in one": number(1, 1)
    + message(2, message(1, ""), message(2, tf_graph(*PLAIN)), message(2, tf_graph(*PLAIN))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models_are_not_understood(name):
    """Each one is a verdict that is not clean, and never an exception."""
    assert verdict(HOSTILE[name], "saved_model.pb") == "not-understood"


def test_a_second_meta_graph_is_read():
    """Every meta graph is read, not only the one that a server would choose."""
    second = saved_model(tf_node("e", "ReadFile"))[len(number(1, 1)) :]
    assert verdict(saved_model(*PLAIN) + second) == "malicious"


def test_a_fingerprint_is_clean():
    """The small file that TensorFlow writes beside each model is understood."""
    data = b"".join(number(i, 1 << 60) for i in range(1, 6)) + message(6, "uuid") + message(7, number(1, 1))
    assert scan_bytes(data, "fingerprint.pb").format == "tf-fingerprint"
    assert rules(data) == set()
