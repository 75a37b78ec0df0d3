"""Networks that tell colours apart, and pictures of one colour: what they find is known by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from _edgeship.export.evaluation.candidates import Asked

#: Height and width of a picture.
SIDE = 4

#: Pixels go into the networks as 0 to 1.
PLAIN = Asked(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), crop=1.0)

Colour = tuple[int, int, int]
RED, GREEN, BLUE = (200, 20, 10), (20, 200, 10), (20, 10, 200)


def write_scores(path: Path, weights: Sequence[float] = (1, 1, 1), batch: int | str = 1) -> Path:
    """Write a network whose score of a colour is the mean of that channel, times a weight."""
    nodes = [
        helper.make_node("ReduceMean", ["image", "axes"], ["means"], keepdims=0),
        helper.make_node("Mul", ["means", "weights"], ["scores"]),
    ]
    constants = {
        "axes": np.array([2, 3], np.int64),
        "weights": np.array(weights, np.float32),
    }
    return _write(path, nodes, constants, batch, (len(weights),))


def write_map(path: Path, weights: Sequence[float] = (1, 1, 1)) -> Path:
    """Write a network that scores the three colours in every pixel."""
    nodes = [helper.make_node("Mul", ["image", "weights"], ["scores"])]
    constants = {"weights": np.array(weights, np.float32).reshape(1, 3, 1, 1)}
    return _write(path, nodes, constants, 1, (3, SIDE, SIDE))


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: Mapping[str, np.ndarray],
    batch: int | str,
    output: tuple[int, ...],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (batch, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (batch, *output))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def write_picture(path: Path, colour: Colour, side: int = SIDE) -> Path:
    """Write a PNG file of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = colour
    Image.fromarray(pixels).save(path)
    return path


def write_classes(root: Path, classes: Mapping[str, Sequence[Colour]]) -> Path:
    """Write a folder per class with a picture of each colour in it."""
    for name, colours in classes.items():
        for index, colour in enumerate(colours):
            write_picture(root / name / f"{index}.png", colour)
    return root
