"""Files whose batch an app may choose: made where the network left it open, and tried."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.errors import EdgeshipError
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.preparation.inputs import OPEN_BATCH
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.export.runtimes.quiet import captured_stderr
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import from_file
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.lowering import Lowered
from _edgeship.export.tflite.open_batch import open_batch
from _edgeship.export.tflite.writer import to_bytes, to_model

#: Largest difference, as a part of the output's range, between the file's batch and the network's.
_TOLERANCE = 1e-4

Sample = Mapping[str, np.ndarray]
Run = Callable[[Sequence[Sample]], Sequence[Sequence[np.ndarray]]]


def with_open_batch(
    model: ir.Model, lowered: Lowered, description: str, samples: Sequence[Sample], run: Run
) -> tuple[TfliteGraph, str]:
    """Return the graph with an open batch, where the network has one and the file can, and a note.

    The file is resized to a batch of two, and must give what the network gives for that.

    Args:
        model: The ONNX graph that was lowered.
        lowered: What became of it, for a batch of 1.
        description: For the file.
        samples: Input name -> array in ONNX order.
        run: Runs the network itself, whose batch is open.
    """
    names = [name for name in model.metadata_props.get(OPEN_BATCH, "").split(",") if name]
    if not names:
        return lowered.graph, ""
    tensors = zip(lowered.io.inputs, lowered.graph.inputs, strict=True)
    graph = copy.deepcopy(lowered.graph)
    try:
        open_batch(graph, [index for port, index in tensors if port.name in names])
        data = to_bytes(to_model(graph, lowered.io, description))
        problem = _difference(data, lowered.io, names, samples, run)
    except Unsupported as error:
        problem = str(error)
    if problem:
        return lowered.graph, f"The .tflite files are for batches of 1 only: {problem}."
    return graph, "The .tflite files take batches of any size: resize their input before use."


def _difference(
    data: bytes, io: FileIO, names: Collection[str], samples: Sequence[Sample], run: Run
) -> str:
    """Return in words how a batch of two differs from the network's, or nothing."""
    both = {
        name: np.concatenate([array, samples[-1][name]]) if name in names else array
        for name, array in samples[0].items()
    }
    try:
        [expected] = run([both])
    except EdgeshipError as error:
        return f"the network does not run a batch of 2 ({error.what})"
    for port, found, wanted in zip(io.outputs, _run(data, io, both), expected, strict=True):
        found = from_file(found, port.perm)
        if found.shape != wanted.shape:
            return f"{port.name} of a batch of 2 has shape {list(found.shape)}"
        difference = float(np.abs(found.astype(np.float64) - wanted).max())
        if not difference <= _TOLERANCE * max(float(np.abs(wanted).max()), 1e-12):
            return f"{port.name} of a batch of 2 is not what the network computes"
    return ""


def _run(data: bytes, io: FileIO, sample: Sample) -> list[np.ndarray]:
    """Return the outputs, in the file's order, of a file resized to a sample."""
    interpreter = open_interpreter(data, "litert", keep_intermediates=False)
    details = interpreter.get_input_details()
    feeds = [np.ascontiguousarray(sample[port.name].transpose(port.perm)) for port in io.inputs]
    try:
        with captured_stderr():
            for detail, feed in zip(details, feeds, strict=True):
                interpreter.resize_tensor_input(detail["index"], feed.shape)
            interpreter.allocate_tensors()
            for detail, feed in zip(details, feeds, strict=True):
                interpreter.set_tensor(detail["index"], feed)
            interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[-1]
        raise Unsupported(f"LiteRT does not run a batch of 2 ({reason})") from error
    return [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]
