"""Files whose batch an app may choose: made where the network left it open, and tried."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.export.runtimes.quiet import captured_stderr
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.lowering import Lowered
from _edgeship.export.tflite.open_batch import open_batch
from _edgeship.export.tflite.writer import to_bytes, to_model

#: Entry of a prepared graph's metadata: the inputs whose first axis the network leaves open.
OPEN_BATCH = "edgeship.open_batch"

#: Largest difference, as a part of the output's range, between a batch and its entries alone.
_TOLERANCE = 1e-4

Sample = Mapping[str, np.ndarray]


def with_open_batch(
    model: ir.Model, lowered: Lowered, description: str, samples: Sequence[Sample]
) -> tuple[TfliteGraph, str]:
    """Return the graph with an open batch, where the network has one and the file can, and a note.

    The file is resized to a batch of two, and must give what two runs of one give.

    Args:
        model: The ONNX graph that was lowered.
        lowered: What became of it, for a batch of 1.
        description: For the file.
        samples: Input name -> array in ONNX order.
    """
    names = [name for name in model.metadata_props.get(OPEN_BATCH, "").split(",") if name]
    if not names:
        return lowered.graph, ""
    tensors = zip(lowered.io.inputs, lowered.graph.inputs, strict=True)
    graph = copy.deepcopy(lowered.graph)
    try:
        open_batch(graph, [index for port, index in tensors if port.name in names])
        data = to_bytes(to_model(graph, lowered.io, description))
        problem = _difference(data, lowered.io, names, samples)
    except Unsupported as error:
        problem = str(error)
    if problem:
        return lowered.graph, f"The .tflite files are for batches of 1 only: {problem}."
    return graph, "The .tflite files take batches of any size: resize their input before use."


def _difference(data: bytes, io: FileIO, names: Collection[str], samples: Sequence[Sample]) -> str:
    """Return in words how a batch of two differs from its entries alone, or nothing."""
    first, second = dict(samples[0]), {**samples[0], **{n: samples[-1][n] for n in names}}
    joined = {**first, **{n: np.concatenate([first[n], second[n]]) for n in names}}
    both = _run(data, io, joined)
    alone = [_run(data, io, sample) for sample in (first, second)]
    for number, (port, together) in enumerate(zip(io.outputs, both, strict=True)):
        entries = [outputs[number] for outputs in alone]
        shape = entries[0].shape
        axes = [axis for axis, extent in enumerate(together.shape) if extent != shape[axis]]
        if len(axes) != 1 or together.shape[axes[0]] != 2 * shape[axes[0]]:
            return f"{port.name} of a batch of 2 has shape {list(together.shape)}"
        expected = np.concatenate(entries, axes[0]).astype(np.float64)
        error = float(np.abs(together - expected).max())
        if not error <= _TOLERANCE * max(float(np.abs(expected).max()), 1e-12):
            return f"{port.name} of a batch of 2 is not that of its entries"
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
