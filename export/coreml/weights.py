"""The weights of a package, as coremltools sees them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.coreml.format.library import IOS_OF_VERSION
from _edgeship.export.coreml.format.unchecked import program_of

#: Operators with weights; the lowering writes products with a constant matrix as ``linear``.
WEIGHTED = ("conv", "conv_transpose", "linear")

#: Bytes that one more array costs in the file of weights, for its record and its alignment.
PER_BLOB = 128

#: What coremltools appends to the name of a variable that becomes float16.
FLOAT16 = "_cast_fp16"

#: Constants of fewer elements are written in the program itself, and coremltools leaves them there.
LEAST_ELEMENTS = 10


def ios_of(model: Any) -> int:
    """Return the oldest iOS that a ``coremltools.models.MLModel`` runs on."""
    return IOS_OF_VERSION[int(model.get_spec().specificationVersion)]


def weights_of(model: Any) -> dict[str, NDArray[Any]]:
    """Return name -> data of the floating point weights that convolutions and products read.

    Biases, constants with other readers, and what is already compressed are left out.

    Args:
        model: A ``coremltools.models.MLModel``.
    """
    weights = {}
    for operation in _operations(program_of(model)):
        if operation.op_type != "const":
            continue
        value, [result] = operation.val.val, operation.outputs
        if (
            isinstance(value, np.ndarray)
            and value.dtype.kind == "f"
            and value.ndim > 1
            and result.child_ops
            and all(_reads_as_weight(reader, result) for reader in result.child_ops)
        ):
            weights[operation.name] = value
    return weights


def results_of(weights: Collection[str], model: Any) -> dict[str, list[str]]:
    """Return name of a weight -> the names of what is computed with it, as before float16.

    Args:
        weights: Some of `weights_of`.
        model: Likewise.
    """
    found: dict[str, list[str]] = {}
    for operation in _operations(program_of(model)):
        if operation.op_type == "const" and operation.name in weights:
            results = [reader.outputs[0].name for reader in operation.outputs[0].child_ops]
            found[operation.name] = [name.removesuffix(FLOAT16) for name in results]
    return found


def _operations(program: Any) -> Iterator[Any]:
    """Yield the operations of a program, those in blocks inside of others too."""
    blocks = list(program.functions.values())
    while blocks:
        for operation in blocks.pop().operations:
            blocks += operation.blocks
            yield operation


def _reads_as_weight(operation: Any, constant: Any) -> bool:
    """Return whether an operation reads a constant as its weight, and as nothing else."""
    names = [name for name, bound in operation.inputs.items() if bound is constant]
    return operation.op_type in WEIGHTED and names == ["weight"]
