"""A small classifier whose weights are large enough to be packed, as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: The network's only convolution with weights for every channel, and its name.
FILTERS = "filters"


def write_classifier(path: Path) -> Path:
    """Write a classifier of 10 classes with pads that differ, a stride and a depthwise layer."""
    generator = np.random.default_rng(0)
    constants = {
        FILTERS: generator.standard_normal((32, 3, 3, 3)) / 5,
        "bias": generator.standard_normal(32),
        "depthwise": generator.standard_normal((32, 1, 3, 3)) / 3,
        "matrix": generator.standard_normal((10, 32)),
        "offsets": generator.standard_normal(10),
    }
    nodes = [
        helper.make_node(
            "Conv", ["image", FILTERS, "bias"], ["a"], "conv", pads=[0, 0, 1, 1], strides=[2, 2]
        ),
        helper.make_node("Relu", ["a"], ["b"], "act"),
        helper.make_node("Conv", ["b", "depthwise"], ["c"], "deep", group=32, pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["b", "c"], ["d"], "sum"),
        helper.make_node("GlobalAveragePool", ["d"], ["e"], "pool"),
        helper.make_node("Flatten", ["e"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "matrix", "offsets"], ["scores"], "classify", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 10))],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path
