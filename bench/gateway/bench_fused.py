"""What the envelope costs as outputs of the model's own ONNX graph, and as the guard in NumPy; microseconds a question.

    python bench/gateway/bench_fused.py

A perceptron of one hidden layer of 64 with a softmax over ten classes, on one thread. `fused` is what the same session
takes more when its graph also tells whether each number is in its range, and the squared distance of each row from the
mean; what a host would then do with those outputs is not counted. `guard` is `redan.guards.envelope.Envelope`. The
least of several rounds, all kinds in turn.
"""

import gc
import json
import time
from types import SimpleNamespace

import numpy as np

from redan.exchange.tensors import Tensor
from redan.guards.envelope import Bounds, Envelope

ROUNDS = 15


def session(columns, *, ranges=False, distance=False):
    """The network, with what is fused into it."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    shapes = {"w1": (columns, 64), "b1": (64,), "w2": (64, 10), "b2": (10,)}
    held = {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["z"]),
        helper.make_node("Softmax", ["z"], ["y"], axis=1),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])]
    if ranges:
        held |= {"low": np.full(columns, -9, "f4"), "high": np.full(columns, 9, "f4")}
        nodes += [
            helper.make_node("Max", ["x", "low"], ["above"]),
            helper.make_node("Min", ["above", "high"], ["inside"]),
            helper.make_node("Sub", ["x", "inside"], ["outside"]),
            helper.make_node("ReduceL1", ["outside"], ["beyond"], keepdims=0),
        ]
        outputs.append(helper.make_tensor_value_info("beyond", TensorProto.FLOAT, []))
    if distance:
        held |= {"mean": np.zeros(columns, "f4"), "whiten": np.eye(columns, dtype="f4")}
        nodes += [
            helper.make_node("Sub", ["x", "mean"], ["moved"]),
            helper.make_node("MatMul", ["moved", "whiten"], ["white"]),
            helper.make_node("ReduceSumSquare", ["white"], ["distance"], axes=[1], keepdims=0),
        ]
        outputs.append(helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["n"]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", columns])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in held.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def least(works, times):
    """Least microseconds of processor time of each, taken in turn."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.process_time()
            for _ in range(times):
                work()
            best[name] = min(best[name], (time.process_time() - start) / times * 1e6)
    return best


def asked(made, x):
    names = [one.name for one in made.get_outputs()]
    return lambda: made.run(names, {"x": x})


def row(columns, rows):
    """One size."""
    x = np.random.default_rng(1).normal(size=(rows, columns)).astype("f4")
    flow = SimpleNamespace(inference=SimpleNamespace(inputs=[Tensor("x", "FP32", x)]), notes={})
    whole = Bounds(np.full(columns, -9.0), np.full(columns, 9.0), np.zeros(columns), np.eye(columns), 1e9)
    ranges = whole._replace(mean=np.zeros(0), whiten=np.zeros((0, 0)))
    guards = {name: Envelope({"x": b.of("f4")}, {}) for name, b in (("ranges", ranges), ("whole", whole))}
    if any(guard.inbound(flow) is not None for guard in guards.values()):
        raise SystemExit("a good question was refused")
    works = {
        "bare": asked(session(columns), x),
        "ranges fused": asked(session(columns, ranges=True), x),
        "whole fused": asked(session(columns, ranges=True, distance=True), x),
        "ranges": lambda: guards["ranges"].inbound(flow),
        "whole": lambda: guards["whole"].inbound(flow),
    }
    best = least(works, max(20, int(2000 / (1 + rows * columns / 2000))))
    return {
        "columns": columns,
        "rows": rows,
        "model": round(best["bare"], 1),
        "ranges, fused": round(best["ranges fused"] - best["bare"], 1),
        "ranges, guard": round(best["ranges"], 1),
        "ranges and distance, fused": round(best["whole fused"] - best["bare"], 1),
        "ranges and distance, guard": round(best["whole"], 1),
    }


def main():
    gc.disable()
    found = [row(columns, rows) for columns in (4, 32, 784) for rows in (1, 16, 256)]
    print(json.dumps({"bench": "fused", "us": found}))
    for one in found:
        print("  ".join(f"{name} {value}" for name, value in one.items()))


if __name__ == "__main__":
    main()
