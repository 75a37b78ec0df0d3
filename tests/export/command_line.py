"""What the tests of the command line share: running it, and a small network to run it on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from _edgeship.export.commands.cli import PROGRAM, app

ROOT = Path(__file__).parents[2]


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m export ARGUMENTS`, having checked its exit code."""
    result = CliRunner().invoke(app, [str(word) for word in arguments], prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


def write_network(
    path: Path, *, shape: tuple[int | str, ...] = (1, 3, 16, 16), seed: int = 0, op: str = "Relu"
) -> Path:
    """Write a classifier of 10 classes: convolution, an activation, global pooling, a matrix."""
    generator = np.random.default_rng(seed)
    constants = {
        "filters": generator.standard_normal((8, 3, 3, 3)),
        "matrix": generator.standard_normal((8, 10)),
    }
    nodes = [
        helper.make_node("Conv", ["image", "filters"], ["a"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node(op, ["a"], ["b"], "act"),
        helper.make_node("GlobalAveragePool", ["b"], ["c"], "pool"),
        helper.make_node("Flatten", ["c"], ["d"], "flatten"),
        helper.make_node("Gemm", ["d", "matrix"], ["scores"], "classify"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (shape[0], 10))],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def write_unsupported(path: Path) -> Path:
    """Write such a classifier with an operator that no phone's runtime has: MaxRoiPool (act)."""
    model = onnx.load(write_network(path))
    [node] = [node for node in model.graph.node if node.name == "act"]
    node.op_type = "MaxRoiPool"
    node.input.append("rois")
    node.attribute.append(helper.make_attribute("pooled_shape", [16, 16]))
    regions = np.array([[0, 0, 0, 15, 15]], np.float32)
    model.graph.initializer.append(numpy_helper.from_array(regions, "rois"))
    onnx.save(model, str(path))
    return path
