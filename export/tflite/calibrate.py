"""Running the float file on calibration samples to find the range of every activation."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.calibration.ranges import Observed, Ranges
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.masks import masked, without_masks
from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.writer import from_bytes, to_bytes

#: What a PADV2 in front of a max pool writes into the border; no scale has to reach it.
_LOWEST = float(np.finfo(np.float32).min)

#: How many bytes of activations are kept at once; a network with more is run several times.
_BYTES_AT_ONCE = 2**30


def activation_ranges(data: bytes, samples: Sequence[Sample], io: FileIO) -> Ranges:
    """Return the smallest and largest number of every activation; see `observe_activations`."""
    return observe_activations(data, samples, io).ranges("min-max")


def observe_activations(
    data: bytes,
    samples: Sequence[Sample],
    io: FileIO,
    crops: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Observed:
    """Observe every float activation over all samples.

    The kernels are those that the file runs with later. A delegate writes no tensor inside of its
    partition, unless it is an output of the file: so all activations are made outputs.

    Args:
        data: The float32 file.
        samples: Input name -> array in ONNX order.
        io: The file's inputs.
        crops: Name of a tensor -> which of its elements count, where not all of them do.

    Raises:
        InputError: If the network computes NaN or infinity from a sample.
    """
    model = from_bytes(data)
    ports = {int(index) for index in model.subgraphs[0].inputs}
    tensors = model.subgraphs[0].tensors
    computed = {name_of(tensor) for index, tensor in enumerate(tensors) if index not in ports}
    masks = {name_of(tensors[index]) for index in masked(model)}
    observed = Observed()
    for number, name, values in float_activations(data, samples, io):
        if name in computed:
            if crops and name in crops:
                values = values[crops[name]]
            values = without_masks(values) if name in masks else _without_border(values)
        if values.size:
            observed.add(name, values, number)
    return observed


def float_activations(
    data: bytes, samples: Sequence[Sample], io: FileIO
) -> Iterator[tuple[int, str, NDArray[np.float32]]]:
    """Yield every float activation on every sample, inputs included.

    Args:
        data: The float32 file.
        samples: Input name -> array in ONNX order.
        io: The file's inputs.

    Yields:
        Index of the sample, counted from 0, name of the tensor, and its values.
    """
    model = from_bytes(data)
    graph = model.subgraphs[0]
    names = [name_of(graph.tensors[index]) for index in graph.inputs]
    runs = [_opened(model, some) for some in _groups(model)]
    for number, sample in enumerate(samples):
        feeds = [np.ascontiguousarray(sample[spec.name].transpose(spec.perm)) for spec in io.inputs]
        for name, array in zip(names, feeds, strict=True):
            if array.dtype == np.float32:
                yield number, name, array
        for interpreter in runs:
            ports = interpreter.get_input_details()
            for port, array in zip(ports, feeds, strict=True):
                interpreter.set_tensor(port["index"], array)
            interpreter.invoke()
            for detail in interpreter.get_output_details():
                yield number, detail["name"], interpreter.get_tensor(detail["index"])


def _groups(model: Any) -> Iterator[list[int]]:
    """Yield the float tensors that operators compute, as many at a time as memory allows."""
    graph = model.subgraphs[0]
    group: list[int] = []
    room = _BYTES_AT_ONCE
    for index in dict.fromkeys(int(i) for op in graph.operators for i in op.outputs):
        tensor = graph.tensors[index]
        if tensor.type != schema.TensorType.FLOAT32:
            continue
        size = 4 * math.prod(int(extent) for extent in tensor.shape)
        if group and size > room:
            yield group
            group, room = [], _BYTES_AT_ONCE
        group.append(index)
        room -= size
    yield group


def _opened(model: Any, outputs: Sequence[int]) -> Any:
    """Return an interpreter of the file with other outputs."""
    from ai_edge_litert.interpreter import Interpreter

    from _edgeship.export.runtimes.quiet import captured_stderr

    graph = model.subgraphs[0]
    own, signatures = graph.outputs, model.signatureDefs
    graph.outputs, model.signatureDefs = np.array(outputs or own, np.int32), None
    content = to_bytes(model)
    graph.outputs, model.signatureDefs = own, signatures
    with captured_stderr():
        interpreter = Interpreter(model_content=content, num_threads=os.cpu_count() or 1)
        interpreter.allocate_tensors()
    return interpreter


def _without_border(values: NDArray[Any]) -> NDArray[Any]:
    # Nothing is smaller, and NaN is found later: one look at the values tells whether it is there.
    return values[values != _LOWEST] if values.size and values.min() == _LOWEST else values
