"""The networks that come with ONNX, with random weights in place of constant ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import DATA_DIR

from tests.export.tflite.ops.harness import typed


def load(name: str, seed: int = 0) -> onnx.ModelProto:
    """Return a network whose weights are random, and which gives the scores before the softmax.

    The files have no weights but operators that fill tensors with one number each, which would
    hide every permutation; the softmax of random scores is zero almost everywhere.
    """
    model = onnx.load(Path(DATA_DIR) / "light" / f"light_{name}.onnx")
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    rng = np.random.default_rng(seed)
    variances = {node.input[4] for node in model.graph.node if node.op_type == "BatchNormalization"}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = [int(extent) for extent in constants[node.input[0]]]
        value = _weights(rng, shape, positive=node.output[0] in variances)
        model.graph.initializer.append(numpy_helper.from_array(value, node.output[0]))
    if nodes[-1].op_type == "Softmax":
        model.graph.output[0].name = nodes.pop().input[0]
        model.graph.output[0].ClearField("type")
    _replace(model.graph.node, nodes)
    used = {name for node in nodes for name in node.input}
    _replace(model.graph.initializer, [t for t in model.graph.initializer if t.name in used])
    weights = {tensor.name for tensor in model.graph.initializer}
    _replace(model.graph.input, [p for p in model.graph.input if p.name in used - weights])
    model.ir_version = max(model.ir_version, 4)  # the first whose weights need not be inputs
    return typed(model)


def _replace(field: Any, items: list[Any]) -> None:
    del field[:]
    field.extend(items)


def _weights(rng: np.random.Generator, shape: list[int], positive: bool) -> np.ndarray:
    if len(shape) == 1 or positive:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    fan_in = np.prod(shape[1:])
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
