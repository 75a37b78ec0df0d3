"""Two tiny networks of one name, so that the files of one take the place of the other's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: What both are called.
NAME = "net"


def write_network(folder: Path, variant: int) -> Path:
    """Write a network of a convolution and a mean over pictures of 16 by 16; return its path."""
    random = np.random.default_rng(variant)
    kernel = random.normal(size=(10, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 10))],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.onnx"
    onnx.save(model, path)
    return path
