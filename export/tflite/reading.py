"""Reads an untrusted TFLite file into plain records, or says that it is malformed.

A file is a FlatBuffer: tables that point at tables by offsets. In a damaged or hostile file
offsets lead anywhere, and many can lead to the same place, so that a small file unfolds into an
endless one. Only what the records need is therefore followed, what is read is counted, and every
index is checked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.errors import InputError
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES, TYPE_NAMES

_IDENTIFIER = b"TFL3"
# Tables, numbers in shapes and lists of tensors, and characters. A large CNN has some ten thousand.
_MOST_ITEMS = 500_000
_PARSE_ERRORS = (
    *(struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError, AttributeError),
)

#: The metadata entry that is kept whole: what the file says of itself, in a FlatBuffer of its own.
SAID = "TFLITE_METADATA"

# Of other entries, and of that one. Labels are not in it.
_HEAD_BYTES = 64
_MOST_SAID_BYTES = 4 * 2**20

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class TensorRecord:
    """A tensor.

    Attributes:
        dtype: The data type, such as "float32" or "int8".
        shape: The shape that it has unless an app resizes the file.
        open_axes: The axes that an app may give another extent.
        scales: How many scales it has: 0 without quantization, above 1 if it is per-channel.
        scale: The first scale, in real units per step.
        zero_point: The first zero point.
        buffer: The index of the buffer with its values; 0 if it is computed.
        name: Its name, of constants with two axes or more, which weights are; "" of all others.
    """

    dtype: str
    shape: tuple[int, ...]
    open_axes: tuple[int, ...]
    scales: int
    scale: float | None
    zero_point: int | None
    buffer: int
    name: str = ""


@dataclass(frozen=True)
class OperatorRecord:
    """An operator: its kind and version, and the indices of its tensors (-1: left out)."""

    kind: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class SubgraphRecord:
    """A subgraph: all of its tensors and operators; names of its inputs and outputs by index."""

    tensors: tuple[TensorRecord, ...]
    operators: tuple[OperatorRecord, ...]
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(frozen=True)
class SignatureRecord:
    """A signature: its key, the index of its subgraph, and names by index of the tensor."""

    key: str
    subgraph: int
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(frozen=True)
class ModelRecord:
    """A file.

    Attributes:
        schema_version: The version of the schema.
        description: The text the writer left.
        subgraphs: The subgraphs; the first one is the network.
        signatures: The signatures.
        metadata: The size in bytes and the first bytes of each entry, by name.
        buffers: The size of each buffer in bytes.
    """

    schema_version: int
    description: str
    subgraphs: tuple[SubgraphRecord, ...]
    signatures: tuple[SignatureRecord, ...]
    metadata: dict[str, tuple[int, bytes]]
    buffers: tuple[int, ...]


def read_model(data: bytes) -> ModelRecord:
    """Read a TFLite file.

    Args:
        data: The bytes of the file.

    Returns:
        What the file holds.

    Raises:
        InputError: The bytes are not a TFLite file, or a damaged one.
    """
    if data[4:8] != _IDENTIFIER:
        raise InputError(
            "This is not a TFLite file.",
            where="bytes 4 to 7",
            why=f"they are {data[4:8]!r}; a TFLite file has {_IDENTIFIER!r} there",
            todo="give a .tflite file",
        )
    with parsed():
        return _Reader(data).model()


@contextmanager
def parsed() -> Iterator[None]:
    """Say that a file is damaged where reading it inside fails.

    Raises:
        InputError: It does.
    """
    try:
        yield
    except _PARSE_ERRORS as error:
        raise InputError(
            "This TFLite file is damaged.",
            why=f"it does not hold together as a FlatBuffer ({error})",
            todo="download or export it again",
        ) from error


def printable(raw: bytes) -> str:
    """Decode a text of the file; a replacement stands for what could act on a terminal.

    Args:
        raw: The bytes, meant as UTF-8.

    Returns:
        The text, without control characters.
    """
    text = raw.decode("utf-8", errors="replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


class _Reader:
    """Follows the offsets of one file and counts what it reads."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_ITEMS

    def model(self) -> ModelRecord:
        root = schema.Model.GetRootAs(self._data, 0)
        codes = tuple(map(self._kind, self._items(root.OperatorCodesLength(), root.OperatorCodes)))
        arrays = tuple(map(self._bytes, self._items(root.BuffersLength(), root.Buffers)))
        buffers = tuple(len(array) for array in arrays)
        subgraphs = tuple(
            self._subgraph(graph, codes, len(buffers))
            for graph in self._items(root.SubgraphsLength(), root.Subgraphs)
        )
        if not subgraphs:
            raise ValueError("no subgraph")
        signatures = tuple(
            self._signature(signature, subgraphs)
            for signature in self._items(root.SignatureDefsLength(), root.SignatureDefs)
        )
        metadata = {}
        for entry in self._items(root.MetadataLength(), root.Metadata):
            array = arrays[_checked(entry.Buffer(), len(arrays))]
            name = self._text(entry.Name())
            kept = _MOST_SAID_BYTES if name == SAID else _HEAD_BYTES
            metadata[name] = (len(array), bytes(array[:kept]))
        description = self._text(root.Description())
        return ModelRecord(root.Version(), description, subgraphs, signatures, metadata, buffers)

    def _subgraph(
        self, graph: schema.SubGraph, codes: tuple[tuple[str, int], ...], buffers: int
    ) -> SubgraphRecord:
        tables = tuple(self._items(graph.TensorsLength(), graph.Tensors))
        tensors = tuple(self._tensor(table, buffers) for table in tables)
        operators = tuple(
            self._operator(operator, codes, len(tensors))
            for operator in self._items(graph.OperatorsLength(), graph.Operators)
        )
        inputs, outputs = (
            {index: self._text(tables[index].Name()) for index in self._indices(array, len(tables))}
            for array in (graph.InputsAsNumpy(), graph.OutputsAsNumpy())
        )
        if -1 in inputs or -1 in outputs:
            raise ValueError("an input or output of a subgraph is left out")
        return SubgraphRecord(tensors, operators, inputs, outputs)

    def _tensor(self, tensor: schema.Tensor, buffers: int) -> TensorRecord:
        shape = self._integers(tensor.ShapeAsNumpy())
        signature = self._integers(tensor.ShapeSignatureAsNumpy())
        quantization = tensor.Quantization()
        scales = _array(quantization.ScaleAsNumpy()) if quantization else _array(0)
        zeros = _array(quantization.ZeroPointAsNumpy()) if quantization else _array(0)
        buffer = _checked(tensor.Buffer(), buffers)
        return TensorRecord(
            dtype=TYPE_NAMES.get(tensor.Type(), f"type {tensor.Type()}"),
            shape=shape,
            open_axes=tuple(axis for axis, extent in enumerate(signature) if extent < 0),
            scales=len(scales),
            scale=float(scales[0]) if len(scales) else None,
            zero_point=int(zeros[0]) if len(zeros) else None,
            buffer=buffer,
            name=self._text(tensor.Name()) if buffer and len(shape) > 1 else "",
        )

    def _operator(
        self, operator: schema.Operator, codes: tuple[tuple[str, int], ...], tensors: int
    ) -> OperatorRecord:
        kind, version = codes[_checked(operator.OpcodeIndex(), len(codes))]
        inputs = self._indices(operator.InputsAsNumpy(), tensors)
        return OperatorRecord(
            kind, version, inputs, self._indices(operator.OutputsAsNumpy(), tensors)
        )

    def _signature(
        self, signature: schema.SignatureDef, subgraphs: tuple[SubgraphRecord, ...]
    ) -> SignatureRecord:
        subgraph = _checked(signature.SubgraphIndex(), len(subgraphs))
        tensors = len(subgraphs[subgraph].tensors)
        inputs, outputs = (
            {_checked(m.TensorIndex(), tensors): self._text(m.Name()) for m in maps}
            for maps in (
                self._items(signature.InputsLength(), signature.Inputs),
                self._items(signature.OutputsLength(), signature.Outputs),
            )
        )
        return SignatureRecord(self._text(signature.SignatureKey()), subgraph, inputs, outputs)

    def _kind(self, code: schema.OperatorCode) -> tuple[str, int]:
        builtin = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
        kind = OPERATOR_NAMES.get(builtin, f"operator {builtin}")
        if builtin == schema.BuiltinOperator.CUSTOM:
            kind = f"{kind} {self._text(code.CustomCode())}"
        return kind, code.Version()

    def _bytes(self, buffer: schema.Buffer) -> np.ndarray:
        """The bytes of a buffer; those of a model above 2 GB lie behind the FlatBuffer."""
        if buffer.Offset() <= 1:
            return _array(buffer.DataAsNumpy())
        return np.frombuffer(self._data, np.uint8, count=buffer.Size(), offset=buffer.Offset())

    def _items(self, length: int, get: Callable[[int], _Item]) -> Iterator[_Item]:
        for index in range(length):
            self._count(1)
            yield get(index)

    def _integers(self, array: np.ndarray | int) -> tuple[int, ...]:
        values = _array(array)
        self._count(len(values))
        return tuple(values.tolist())

    def _indices(self, array: np.ndarray | int, tensors: int) -> tuple[int, ...]:
        indices = self._integers(array)
        if any(index < -1 or index >= tensors for index in indices):
            raise IndexError(f"an index of a tensor is not below {tensors}")
        return indices

    def _text(self, raw: bytes | None) -> str:
        self._count(len(raw or b""))
        return printable(raw or b"")

    def _count(self, items: int) -> None:
        self._left -= items
        if self._left < 0:
            raise ValueError(f"more than {_MOST_ITEMS} items")


def _array(values: np.ndarray | int) -> np.ndarray:
    """The generated code returns the integer 0 for a vector that is absent."""
    return np.empty(0, np.uint8) if isinstance(values, int) else values


def _checked(index: int, length: int) -> int:
    if not 0 <= index < length:
        raise IndexError(f"index {index} is not below {length}")
    return index
