"""Bytes of model files built by hand at test time: inert, small, one fault each."""

import json
import struct

from redan.scan import scan_bytes


def verdict(data, name="model", **more):
    """The verdict of a scan as a word."""
    return scan_bytes(data, name, **more).verdict.value


def rules(data, name="model", **more):
    """Names of the rules of all detections."""
    return {d.rule for d in scan_bytes(data, name, **more).detections}


# Protocol Buffers on the wire


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def fixed32(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


# ONNX


def onnx_node(op="Relu", domain="", *attributes, inputs=("x",), outputs=("y",)):
    parts = [message(1, i) for i in inputs] + [message(2, o) for o in outputs] + [message(4, op)]
    return message(1, *parts, *([message(7, domain)] if domain else []), *[message(5, a) for a in attributes])


def onnx_tensor(field=5, dims=(1,), kind=1, raw=None, external=None, extra=b""):
    parts = [number(1, d) for d in dims] + [number(2, kind), message(8, "w")]
    if raw is not None:
        parts.append(message(9, raw))
    for key, value in (external or {}).items():
        parts.append(message(13, message(1, key), message(2, value)))
    if external is not None:
        parts.append(number(14, 1))
    return message(field, *parts, extra)


def onnx_graph(*parts, field=7):
    return message(field, *(parts or (onnx_node(),)), message(2, "g"))


def onnx_model(*graph_parts, more=b""):
    return number(1, 8) + message(2, "test") + onnx_graph(*graph_parts) + message(8, number(2, 17)) + more


def onnx_external(**values):
    return onnx_model(onnx_node(), onnx_tensor(dims=(1,), external={k: str(v) for k, v in values.items()}))


# TensorFlow


def tf_node(name, op, *inputs, attrs=()):
    return message(1, message(1, name), message(2, op), *[message(3, i) for i in inputs], *attrs)


def tf_attr(key, value):
    return message(5, message(1, key), message(2, value))


def tf_const(name, text):
    return tf_node(name, "Const", attrs=(tf_attr("value", message(8, number(1, 7), message(8, text))),))


def tf_function(name, *nodes):
    body = b"".join(message(3, _unwrap(n)) for n in nodes)
    return message(1, message(1, message(1, name)), body)


def _unwrap(node):
    """The body of a message whose tag takes one byte."""
    at = 1
    while node[at] & 0x80:
        at += 1
    return node[at + 1 :]


def tf_graph(*nodes, functions=()):
    return b"".join(nodes) + (message(2, *functions) if functions else b"")


def saved_model(*nodes, functions=(), more=b""):
    return number(1, 1) + message(2, message(1, number(1, 0)), message(2, tf_graph(*nodes, functions=functions)), more)


def keras_object_graph(metadata):
    user = message(4, message(1, "_tf_keras_layer"), message(3, metadata))
    return message(7, message(1, user))


# safetensors


def safetensors(header=None, data=b"\0" * 8, *, raw=None, length=None):
    if raw is None:
        default = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
        raw = json.dumps(default if header is None else header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


# GGUF


def gguf_text(text):
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def gguf_pair(key, kind, value):
    return gguf_text(key) + struct.pack("<I", kind) + value


def gguf_string(key, text):
    return gguf_pair(key, 8, gguf_text(text))


def gguf_tensor(name="w", shape=(8,), kind=0, offset=0):
    return gguf_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(*pairs, tensors=(), data=b"", version=3, counts=None):
    n_tensors, n_pairs = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_pairs) + b"".join(pairs) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + data


# Keras


def keras_config(*layers, name="Sequential"):
    return {"class_name": name, "config": {"name": "m", "layers": list(layers)}}


def keras_layer(class_name, module="keras.layers", registered=None, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


LAMBDA = {
    "class_name": "Lambda",
    "config": {
        "function": ["4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMIAAAAfABkARQAUwA" * 2, None, None],
        "function_type": "lambda",
    },
}

HOSTILE_KERAS = {
    "lambda of Keras 2": keras_config(LAMBDA),
    "lambda of Keras 3": keras_config(
        keras_layer("Lambda", function={"class_name": "__lambda__", "config": {"value": "4wEA" * 20, "defaults": None}})
    ),
    "bare lambda value": keras_config(
        {"class_name": "__lambda__", "module": "builtins", "config": {"value": "4wEA" * 20}}
    ),
    "CVE-2025-1550": keras_config(keras_layer("function", module="os", registered="function") | {"config": "system"}),
    "CVE-2025-1550 by class": keras_config(keras_layer("Popen", module="subprocess", args=["true"])),
    "CVE-2025-8747": keras_config(keras_layer("function", module="keras.utils") | {"config": "get_file"}),
    "CVE-2025-8747 inside": keras_config(keras_layer("get_file", module="keras.src.utils.file_utils", fname="x")),
    "CVE-2025-9906": keras_config(
        keras_layer("function", module="keras.config") | {"config": "enable_unsafe_deserialization"}
    ),
    "CVE-2025-49655": keras_config(keras_layer("TorchModuleWrapper", module="AAAA")),
    "CVE-2025-12058": keras_config(keras_layer("StringLookup", vocabulary="/etc/hostname")),
    "CVE-2025-12058 by address": keras_config(keras_layer("TextVectorization", vocabulary="file://host/x")),
    "saved model from a path": keras_config(keras_layer("TFSMLayer", filepath="../x")),
    "load_model as a function": keras_config(keras_layer("function", module="keras.saving") | {"config": "load_model"}),
    "pickle as a module": keras_config(keras_layer("loads", module="pickle")),
    "TensorFlow call that writes": keras_config({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}),
    "lambda under another name": keras_config(keras_layer("Lambda", module="evil>Lambda", function=["QUJD" * 20])),
    "builtins eval": keras_config(keras_layer("function", module="builtins") | {"config": "eval"}),
}

UNKNOWN_KERAS = {
    "custom layer": keras_config(keras_layer("Mine", module="my_package.layers", registered="my_package>Mine")),
    "custom layer of Keras 2": keras_config({"class_name": "Mine", "config": {}}),
    "registered name alone": keras_config(keras_layer("Dense", registered="evil>Dense")),
    "function from elsewhere": keras_config(keras_layer("function", module="builtins") | {"config": "my_activation"}),
    "lambda with a name": keras_config(
        {"class_name": "Lambda", "config": {"function": "mine", "function_type": "function"}}
    ),
    "vocabulary in a file": keras_config(keras_layer("StringLookup", vocabulary="words.txt")),
}

PLAIN_KERAS = {
    "Keras 2": keras_config({"class_name": "Dense", "config": {"units": 2, "activation": "relu"}}),
    "Keras 3": keras_config(
        keras_layer(
            "Dense", units=2, kernel_initializer=keras_layer("HeNormal", module="keras.initializers", seed=None)
        ),
        keras_layer("Relu", module="keras.src.ops.nn"),
        keras_layer("function", module="keras.activations") | {"config": "relu"},
        keras_layer("StringLookup", vocabulary=["a", "b"]),
    ),
}

# Templates

HOSTILE_TEMPLATES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages['__class__'] }}",
    "{{ messages|attr('__class__') }}",
    "{{ messages|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ messages['\\u005f\\u005fclass\\u005f\\u005f'] }}",
    "{{ messages|map(attribute='__class__')|list }}",
    "{{ messages|selectattr('a.__class__')|list }}",
    "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "{{ lipsum.__globals__['os'].popen('true').read() }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "{% for c in [].__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings' %}{% endfor %}",
    "{% set x = messages.__init__ %}{{ x }}",
    "{{ (messages|attr(k)) }}",
    "{% macro m(a) %}{{ a.__globals__ }}{% endmacro %}",
    "{{ messages.gi_frame.f_back }}",
    "{{ dict(__class__=1)|list|first }}",
    "{{ messages|map('attr', '__class__')|list }}",
    "{{ __import__('os').system('true') }}",
    "{% if messages[0]['__getattribute__'] %}{% endif %}",
    "{{ eval('1') }}",
)

UNKNOWN_TEMPLATES = (
    "{{ messages['__cla' ~ 'ss__'] }}",
    "{% set k = '_' * 2 ~ 'class' ~ '_' * 2 %}{{ messages[k] }}",
    "{% set ns = namespace(k='') %}{% set ns.k = 'a' ~ 'b' %}{{ messages[ns.k] }}",
    "{{ messages[['__cl', 'ass__']|join] }}",
    "{{ messages['%s%s' | format('__cl', 'ass__')] }}",
    "{% set k = 'x'|replace('x', 'y') %}{{ messages[k] }}",
    "{{ x.format(messages) }}",
    "{% set u = (messages|string)[18] %}{% set l = [u, u, 'class', u, u] %}{% set k = l|join %}{{ messages[k] }}",
    "{% set k = 'XclassX'.replace('X', messages[0]) %}{{ messages[k] }}",
    "{% set d = {'k': 'a' ~ 'b'} %}{{ messages[d.k] }}",
    "{% for k in ['a' ~ 'b'] %}{{ messages[k] }}{% endfor %}",
    "{% macro m(k) %}{{ messages[k] }}{% endmacro %}{{ m('a' ~ 'b') }}",
    "{% set k %}class{% endset %}{{ messages[k] }}",
    "{% include 'other' %}",
    "{% from 'other' import x %}",
    "{{ lipsum }}",
    "{% for i in range(999999999) %}{% endfor %}",
    "{% if %}",
    "{{ messages|attr('content') }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
)

PLAIN_TEMPLATES = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "{%- set ns = namespace(last=messages|length - 1) -%}{%- for m in messages[::-1] -%}{%- set i = (messages|length - 1) - "
    "loop.index0 -%}{%- if m.role == 'user' and m.content is string -%}{%- set ns.last = i -%}{%- endif -%}{%- endfor -%}"
    "{{ messages[ns.last]['content'] }}",
    "{% if messages[0]['role'] != 'system' %}{{ raise_exception('no system') }}{% endif %}{{ strftime_now('%d %b %Y') }}",
    "{% macro render(p) %}{{ p.name ~ ': ' ~ p.type }}{% if p.enum is defined %}{{ p.enum|join(', ') }}{% endif %}{% endmacro %}"
    "{% for t in tools %}{{ render(t.function) }}{{ t|tojson(indent=4) }}{% endfor %}",
    "{% for m in messages|selectattr('role', 'equalto', 'user') %}{% generation %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}"
    "{% endgeneration %}{% endfor %}",
    "{% for k, v in x.items() %}{{ k }}={{ x[k] }}{% if loop.last %}{% break %}{% endif %}{% endfor %}{{ message['tool_calls'][0] }}",
)
