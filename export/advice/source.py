"""From what the user named to the steps of the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.network import file_name
from _edgeship.export.network.source import load_network

if TYPE_CHECKING:
    from _edgeship.export.advice.steps import NetworkSteps


def is_tflite(model: str) -> bool:
    """Return whether the user named a .tflite file."""
    return model.lower().endswith(".tflite")


def read_steps(model: str, shapes: Sequence[Shape] = ()) -> NetworkSteps:
    """Return the steps of a network, as it is written and before the compiler rewrites it.

    Args:
        model: What `export.network.source.load_network` takes, or a .tflite file.
        shapes: Shape of each input, batch first, for what has none of its own.

    Raises:
        InputError: There is no such network or file, it does not load, or a shape stays open.
        UnsupportedError: torch cannot turn it into a graph.
    """
    if is_tflite(model):
        from _edgeship.export.advice.from_tflite import read_tflite_steps
        from _edgeship.files import read_bytes

        if shapes:
            raise InputError("--input does not go with a .tflite file, which has its own shapes.")
        return read_tflite_steps(read_bytes(Path(model)), file_name(Path(model).stem))
    from _edgeship.export.advice.from_onnx import read_onnx_steps
    from _edgeship.export.contract.stage_log import StageLog
    from _edgeship.export.graph_stages import capture

    with load_network(model, shapes=shapes) as network:
        _, graph = capture(network, StageLog(lambda stage: None))
    return read_onnx_steps(graph, network.name)
