"""What is stored in a .tflite file: weights and other constants, and the scales of activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.tflite.reading import parsed, printable, read_model

#: Types whose values have a size of their own.
_WIDTHS = {
    schema.TensorType.FLOAT32: 4,
    schema.TensorType.FLOAT16: 2,
    schema.TensorType.INT16: 2,
    schema.TensorType.INT32: 4,
    schema.TensorType.INT64: 8,
    schema.TensorType.FLOAT64: 8,
}

#: All names together; those of a large network have a million characters.
_MOST_CHARACTERS = 50_000_000


def constants(data: bytes) -> dict[str, NDArray[np.void]]:
    """Return name of a tensor -> its values as they are stored, in one axis.

    A buffer that several tensors share comes once, under the first name; later tensors of the same
    name have a number behind it.

    Args:
        data: The file, which need not be trustworthy.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    buffers = read_model(data).buffers
    found: dict[str, NDArray[np.void]] = {}
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    with parsed():
        if sum(buffers) > len(data):
            raise ValueError("its buffers overlap")
        model = schema.Model.GetRootAs(data, 0)
        for name, tensor in _named(model):
            number = tensor.Buffer()
            if number not in seen and buffers[number]:
                seen.add(number)
                stored = _stored(data, model.Buffers(number))
                found[_numbered(name, counts)] = _values(stored, tensor.Type())
    return found


def scales(data: bytes) -> dict[str, tuple[float, int]]:
    """Return name of a tensor that is computed or fed -> its scale and zero point.

    Args:
        data: The file, which need not be trustworthy.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    record = read_model(data)
    tensors = [tensor for graph in record.subgraphs for tensor in graph.tensors]
    found: dict[str, tuple[float, int]] = {}
    counts: Counter[str] = Counter()
    with parsed():
        named = _named(schema.Model.GetRootAs(data, 0))
        for tensor, (name, _) in zip(tensors, named, strict=True):
            if tensor.scale is not None and not record.buffers[tensor.buffer]:
                found[_numbered(name, counts)] = tensor.scale, tensor.zero_point or 0
    return found


def _named(model: schema.Model) -> Iterator[tuple[str, schema.Tensor]]:
    """Yield all tensors with their names.

    Raises:
        ValueError: The names are endless; as the generated code does, whatever is damaged.
    """
    left = _MOST_CHARACTERS
    for place in range(model.SubgraphsLength()):
        graph = model.Subgraphs(place)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            name = tensor.Name() or b""
            left -= len(name)
            if left < 0:
                raise ValueError(f"the names of its tensors have over {_MOST_CHARACTERS:,} bytes")
            yield printable(name), tensor


def _stored(data: bytes, buffer: schema.Buffer) -> memoryview:
    """Return the content of a buffer; of a file above 2 GB, it lies behind the FlatBuffer."""
    if buffer.Offset() > 1:
        return memoryview(data)[buffer.Offset() : buffer.Offset() + buffer.Size()]
    return memoryview(buffer.DataAsNumpy())


def _values(stored: memoryview, kind: int) -> NDArray[np.void]:
    width = _WIDTHS.get(kind, 1)
    return np.frombuffer(stored, f"V{width if stored.nbytes % width == 0 else 1}")


def _numbered(name: str, counts: Counter[str]) -> str:
    """Return a name, with its number where it has come before."""
    counts[name] += 1
    return name if counts[name] == 1 else f"{name} ({counts[name]})"
