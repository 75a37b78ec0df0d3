"""A small classifier of pictures, as a file, and the names of its classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_classifier(path: Path, *, batch: int = 1, channels: int = 3) -> Path:
    """Write two convolutions and a matrix of 10 classes, with weights worth compressing."""
    generator = np.random.default_rng(0)
    shapes = {"a": (16, channels, 3, 3), "b": (48, 16, 3, 3), "bias": (48,), "matrix": (10, 48)}
    constants = {name: generator.standard_normal(shape) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["c1"], "first", strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"], "act1"),
        helper.make_node("Conv", ["r1", "b", "bias"], ["c2"], "second", pads=[1] * 4),
        helper.make_node("Relu", ["c2"], ["r2"], "act2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "matrix"], ["scores"], "gemm", transB=1),
    ]
    shape = (batch, channels, 16, 24)
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (batch, 10))],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def write_labels(path: Path) -> Path:
    """Write one name for each of the 10 classes."""
    path.write_text("".join(f"Ünit {number}\n" for number in range(10)))
    return path
