"""What is stored in a .tflite file: weights and other constants, and the scales of activations."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.tflite.reading import printable, read_model

#: Types whose values have a size of their own.
_WIDTHS = {
    schema.TensorType.FLOAT32: 4,
    schema.TensorType.FLOAT16: 2,
    schema.TensorType.INT16: 2,
    schema.TensorType.INT32: 4,
    schema.TensorType.INT64: 8,
    schema.TensorType.FLOAT64: 8,
}


def constants(data: bytes) -> dict[str, NDArray[np.void]]:
    """Return name of a tensor -> its values as they are stored, in one axis.

    A buffer that several tensors share comes once, under the first name; later tensors of the same
    name have a number behind it.

    Args:
        data: The file, which need not be trustworthy.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    buffers = read_model(data).buffers  # refuses what does not hold together
    model = schema.Model.GetRootAs(data, 0)
    found: dict[str, NDArray[np.void]] = {}
    seen: set[int] = set()
    for place in range(model.SubgraphsLength()):
        graph = model.Subgraphs(place)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            number = tensor.Buffer()
            if number in seen or not buffers[number]:
                continue
            seen.add(number)
            name = _free(printable(tensor.Name() or b""), found)
            found[name] = _values(_stored(data, model.Buffers(number)), tensor.Type())
    return found


def scales(data: bytes) -> dict[str, tuple[float, int]]:
    """Return name of a tensor that is computed or fed -> its scale and zero point.

    Args:
        data: The file, which need not be trustworthy.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    record = read_model(data)
    model = schema.Model.GetRootAs(data, 0)
    found: dict[str, tuple[float, int]] = {}
    for place, graph in enumerate(record.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            if tensor.scale is None or record.buffers[tensor.buffer]:
                continue
            name = printable(model.Subgraphs(place).Tensors(index).Name() or b"")
            found[_free(name, found)] = tensor.scale, tensor.zero_point or 0
    return found


def _stored(data: bytes, buffer: schema.Buffer) -> bytes:
    """Return the content of a buffer; of a file above 2 GB, it lies behind the FlatBuffer."""
    if buffer.Offset() > 1:
        return data[buffer.Offset() : buffer.Offset() + buffer.Size()]
    return bytes(buffer.DataAsNumpy().tobytes())


def _values(stored: bytes, kind: int) -> NDArray[np.void]:
    width = _WIDTHS.get(kind, 1)
    return np.frombuffer(stored, f"V{width if len(stored) % width == 0 else 1}")


def _free(name: str, taken: Container[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
