"""Whether an .onnx file that comes from anywhere declares inputs and outputs that can be fed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto

from _edgeship.errors import InputError
from _edgeship.export.preparation.budgets import MOST_PORT_BYTES

_TODO = "see what onnx.checker.check_model says of it"

#: No axis of a runtime on phones is longer.
_LONGEST = 2**31 - 1


def check_ports(path: Path, inputs: Sequence[onnx.ValueInfoProto], graph: onnx.GraphProto) -> None:
    """Check the inputs and outputs of a file that is to be run as it is.

    Args:
        path: Of the file, for messages.
        inputs: Those that are fed.
        graph: Of the file.

    Raises:
        InputError: Names are missing or given twice, a type is none of numbers, or an input is
            larger than its budget.
    """
    for side, values in (("input", inputs), ("output", graph.output)):
        names = [value.name for value in values]
        if not names:
            raise _broken(path, f"it has no {side}s")
        for name in names:
            if not isinstance(name, str) or not name:
                raise _broken(path, f"an {side} has no name")
            if names.count(name) > 1:
                raise _broken(path, f"it has two {side}s called {name}")
        for value in values:
            if wrong := _wrong(value):
                raise _broken(path, f"its {side} {value.name} {wrong}")


def _wrong(value: onnx.ValueInfoProto) -> str:
    """Return what is wrong with one of them, as the end of a sentence; "" if nothing is."""
    if not value.type.HasField("tensor_type"):
        return f"is declared as {value.type.WhichOneof('value') or 'nothing'}, and is no tensor"
    kind = value.type.tensor_type
    if kind.elem_type not in onnx.helper.get_all_tensor_dtypes():
        return f"has the element type {kind.elem_type}, which ONNX does not define"
    if kind.elem_type in (TensorProto.STRING, TensorProto.UNDEFINED):
        return "holds no numbers"
    extents = [dim.dim_value for dim in kind.shape.dim]
    if any(extent > _LONGEST for extent in extents):
        return f"has an axis of {max(extents)} elements"
    itemsize = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).itemsize
    size = math.prod(max(extent, 1) for extent in extents) * itemsize
    if size > MOST_PORT_BYTES:
        return f"takes {size / 2**20:,.0f} MiB; {MOST_PORT_BYTES >> 20} MiB is the most"
    return ""


def _broken(path: Path, why: str) -> InputError:
    return InputError(f"{path} cannot be run.", why=why, todo=_TODO)
