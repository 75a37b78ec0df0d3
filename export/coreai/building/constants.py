"""Constants of a program under names that do not change from run to run.

coreai-core keeps large constants apart from the operators, and names each by a hash that starts
from another number in every process: equal exports would give different files.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from _edgeship.export.lowering.values import Array

#: Smaller constants are written into the operators, without a name, and so is a repeated number.
_LEAST_ELEMENTS = 32

#: Bytes at whose multiples a constant begins in the file, as coreai-core has it.
_ALIGNMENT = 16


def constant(data: Array, name: str = "") -> Any:
    """Append a constant to the program that is being built, and return its value.

    Args:
        data: Its numbers.
        name: What files call it if it is large; by default, a digest of its content. Where
            another has the name already, a number is appended.
    """
    from coreai.authoring import TensorType
    from coreai.authoring.constant import constant as inline

    data = np.array(data, order="C")  # its own memory, which the program refers to
    small = data.size < _LEAST_ELEMENTS or data.dtype == np.bool_
    if small or (data == data.flat[0]).all():
        return inline(data)
    kind = TensorType(data.shape, data.dtype.type)._to_mlir()
    return _blob(data, name or f"constant_{_digest(data)}", kind)


def packed(data: Array, bits: int, name: str) -> Any:
    """Append a constant of integers of fewer than 8 bits, which follow one another bit by bit.

    Args:
        data: Not negative, uint8.
        bits: Of each, 1 to 8.
        name: What files call it.
    """
    from coreai._compiler.ir import IntegerType, RankedTensorType

    kind = RankedTensorType.get(data.shape, IntegerType.get_unsigned(bits))
    ones = (data.reshape(-1, 1) >> np.arange(bits, dtype=np.uint8)) & 1
    return _blob(np.packbits(ones.reshape(-1), bitorder="little"), name, kind)


def _blob(data: Array, name: str, kind: Any) -> Any:
    """Return a constant in a blob of its own; only the compiler's inner interface has these."""
    from coreai._compiler.dialects._coreai_ops_gen import ConstantOp
    from coreai._compiler.ir import DenseResourceElementsAttr
    from coreai.authoring import Value

    blob = DenseResourceElementsAttr.get_from_buffer(data, name, kind, alignment=_ALIGNMENT)
    return Value._from_mlir(ConstantOp(blob).result)


def _digest(data: Array) -> str:
    return hashlib.sha256(data.tobytes()).hexdigest()[:12]
