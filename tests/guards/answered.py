"""Flows with a question and an answer, as guards of answers see them."""

import numpy as np

from redan.exchange.flow import Answer, Flow
from redan.exchange.message import Request
from redan.exchange.tensors import Inference, Port, Tensor

PORT = Port("probabilities", "FP32", (-1, 3))


def flow(scores=None, x=None):
    """A flow whose model answered with scores, and was asked with x."""
    made = Flow(Request("POST", b"/v2/models/m/infer", b"", (), b"", "", 0.0), "m")
    x = np.zeros((1, 2), np.float32) if x is None else np.asarray(x, np.float32)
    made.inference = Inference("", (Tensor("x", "FP32", x),), (), False, len(x))
    if scores is not None:
        labels = Tensor("label", "INT64", np.argmax(scores, axis=1))
        made.answer = Answer((labels, Tensor("probabilities", "FP32", np.asarray(scores, np.float32))))
    return made
