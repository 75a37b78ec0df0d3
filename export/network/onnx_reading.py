"""Reading an ONNX file from disk, and feeding it what it declares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.network.torch_export import first_line

if TYPE_CHECKING:
    import onnx

    from _edgeship.export.runtimes.values import Sample

#: Protocol buffers, which all of ONNX's tools exchange, end here.
_MOST_BYTES = 2**31


def load(path: Path) -> onnx.ModelProto:
    """Return an ONNX model with its external data.

    Raises:
        InputError: The file is missing, is not ONNX, contradicts itself, is cut off or too large,
            or its external data are missing or lie outside of its folder.
    """
    import onnx

    from _edgeship.export.preparation.validation import validate

    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}.", todo="check the path of the .onnx file")
    size = path.stat().st_size
    if size >= _MOST_BYTES:
        raise _too_large(path, size)
    try:
        proto = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's errors differ by its implementation
        raise _unreadable(path, first_line(error)) from error
    if not proto.graph.node:
        raise _unreadable(path, "its graph has no nodes")
    validate(proto)
    size += _external_bytes(proto)
    if size >= _MOST_BYTES:
        raise _too_large(path, size)
    try:
        onnx.load_external_data_for_model(proto, str(path.parent))
    except Exception as error:  # of several kinds: missing, too short, outside of the folder
        raise InputError(
            f"The external data of {path} cannot be read.",
            why=first_line(error),
            todo="put the data file that belongs to it beside it, under its own name",
        ) from error
    _drop_trailing_gaps(proto.graph.node)
    for function in proto.functions:
        _drop_trailing_gaps(function.node)
    return proto


def _drop_trailing_gaps(nodes: Iterable[onnx.NodeProto]) -> None:
    """Remove empty names behind a node's last input, as the specification allows.

    They mean the same as no names, but ONNX Runtime's kernel of DFT (seen in 1.31) reads what
    they name, and the process dies.
    """
    for node in nodes:
        while node.input and not node.input[-1]:
            node.input.pop()
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                _drop_trailing_gaps(body.node)


def as_declared(proto: onnx.ModelProto, samples: Sequence[Sample]) -> list[Sample]:
    """Return samples in the types that a model declares for its inputs."""
    import onnx

    types = {
        value.name: onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        for value in proto.graph.input
    }
    return [
        {name: np.asarray(array).astype(types[name], copy=False) for name, array in sample.items()}
        for sample in samples
    ]


def _external_bytes(proto: onnx.ModelProto) -> int:
    """Return how many bytes of data the initializers of known types have in other files."""
    import onnx

    known = onnx.helper.get_all_tensor_dtypes()
    return sum(
        math.prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        for tensor in proto.graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL and tensor.data_type in known
    )


def _too_large(path: Path, size: int) -> InputError:
    return InputError(
        f"{path} holds {size / 2**30:.1f} GiB; models of 2 GiB and more are not supported.",
        why="neither ONNX Runtime's graphs in memory nor .tflite files can be larger",
        todo="export a smaller network, or store its weights as float16",
    )


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is not a readable ONNX model.",
        why=why,
        todo="check that the file is complete, for example with onnx.checker.check_model",
    )
