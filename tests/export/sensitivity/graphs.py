"""Random networks with weights, activations and moved elements, and one with a bad layer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.onnx_graph import infer_shapes

Array = NDArray[np.float32]


def model_of(
    nodes: list[Any], constants: dict[str, NDArray[Any]], outputs: dict[str, tuple[int, ...]]
) -> onnx.ModelProto:
    """Return a network on pictures of 8 x 8."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in outputs.items()],
        [
            numpy_helper.from_array(v.astype(np.float32) if v.dtype.kind == "f" else v, k)
            for k, v in constants.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def as_graph(model: onnx.ModelProto) -> ir.Model:
    """Return it as the compiler has it after rewriting."""
    return infer_shapes(ir.from_proto(model))


def random_network(seed: int) -> onnx.ModelProto:
    """Return a network whose layers read one another, whole and in pieces."""
    draw = np.random.default_rng(seed)
    nodes: list[Any] = []
    constants: dict[str, NDArray[Any]] = {"axis": np.array([1])}
    values = {"image": 3}
    for number in range(int(draw.integers(3, 8))):
        source = str(draw.choice(list(values)))
        width, name = values[source], f"v{number}"
        kind = draw.choice(["conv", "conv relu", "sigmoid", "slice", "add", "concat"])
        if kind.startswith("conv"):
            outputs = int(draw.integers(2, 6))
            weight = f"layers.{number}.weight"
            constants[weight] = draw.standard_normal((outputs, width, 3, 3)) / width
            result = f"{name}_sum" if kind == "conv relu" else name
            inputs = [source, weight]
            nodes.append(helper.make_node("Conv", inputs, [result], f"n{number}", pads=[1] * 4))
            if kind == "conv relu":
                nodes.append(helper.make_node("Relu", [result], [name], f"n{number}_relu"))
            values[name] = outputs
        elif kind == "sigmoid":
            nodes.append(helper.make_node("Sigmoid", [source], [name], f"n{number}"))
            values[name] = width
        elif kind == "slice" and width > 1:
            constants |= {f"{name}_from": np.array([1]), f"{name}_to": np.array([width])}
            inputs = [source, f"{name}_from", f"{name}_to", "axis"]
            nodes.append(helper.make_node("Slice", inputs, [name], f"n{number}"))
            values[name] = width - 1
        else:
            same = [other for other, own in values.items() if own == width]
            other = str(draw.choice(same if kind == "add" else list(values)))
            if kind == "add":
                nodes.append(helper.make_node("Add", [source, other], [name], f"n{number}"))
                values[name] = width
            else:
                inputs = [source, other]
                nodes.append(helper.make_node("Concat", inputs, [name], f"n{number}", axis=1))
                values[name] = width + values[other]
    read = {name for node in nodes for name in node.input}
    outputs = {k: (1, v, 8, 8) for k, v in values.items() if k not in read and k != "image"}
    return model_of(nodes, constants, outputs)


def samples(count: int = 3) -> list[dict[str, Array]]:
    """Return pictures of noise."""
    draw = np.random.default_rng(9)
    return [{"image": draw.standard_normal((1, 3, 8, 8)).astype(np.float32)} for _ in range(count)]


def bad_network(path: Path | None = None, *, outlier: bool = True) -> onnx.ModelProto:
    """Return five convolutions, of which the third is bad for 8 bits and for nothing else.

    Its first channel is either a large constant that the next convolution does not read; or its
    channels have very different sizes, which the weights of the next convolution undo.

    Args:
        path: Where to save it, too.
        outlier: Which of both.
    """
    draw = np.random.default_rng(0)
    widths = [3, 12, 12, 12, 12, 10]
    constants: dict[str, NDArray[Any]] = {}
    nodes: list[Any] = []
    source = "image"
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        weight = draw.standard_normal((outputs, inputs, 3, 3)) / np.sqrt(9 * inputs)
        constants[f"layers.{number}.weight"] = weight
        constants[f"layers.{number}.bias"] = draw.standard_normal(outputs) / 10
        result = f"sum{number}"
        names = [source, f"layers.{number}.weight", f"layers.{number}.bias"]
        nodes.append(helper.make_node("Conv", names, [result], f"conv{number}", pads=[1] * 4))
        if not outlier and number == 2:
            source = result
            continue
        source = f"act{number}"
        nodes.append(helper.make_node("Sigmoid", [result], [f"gate{number}"], f"gate{number}"))
        nodes.append(helper.make_node("Mul", [result, f"gate{number}"], [source], f"mul{number}"))
    if outlier:
        constants["layers.2.weight"][0] = 0
        constants["layers.2.bias"][0] = 3000
        constants["layers.3.weight"][:, 0] = 0
    else:
        sizes = np.logspace(-1.5, 1.5, 12)
        constants["layers.2.weight"] *= sizes[:, None, None, None]
        constants["layers.2.bias"] *= sizes
        constants["layers.3.weight"] /= sizes[:, None, None]
    nodes.append(helper.make_node("GlobalAveragePool", [source], ["pooled"], "pool"))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["scores"], "flatten"))
    model = model_of(nodes, constants, {"scores": (1, 10)})
    if path is not None:
        onnx.save(model, str(path))
    return model
