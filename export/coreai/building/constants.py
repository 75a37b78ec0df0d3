"""Constants of a program under names that do not change from run to run.

coreai-core keeps large constants apart from the operators, and names each by a hash that starts
from another number in every process: equal exports would give different files.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from _edgeship.export.lowering.values import Array

#: Smaller constants are written into the operators, without a name.
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
    from coreai.authoring.constant import constant as inline

    data = np.array(data, order="C")  # its own memory, which the program refers to
    if data.size < _LEAST_ELEMENTS or data.dtype == np.bool_:
        return inline(data)
    return _named(data, name or f"constant_{_digest(data)}")


def _named(data: Array, name: str) -> Any:
    """Return a constant in a blob of its own; only the compiler's inner interface has these."""
    from coreai._compiler.dialects._coreai_ops_gen import ConstantOp
    from coreai._compiler.ir import DenseResourceElementsAttr
    from coreai.authoring import TensorType, Value

    kind = TensorType(data.shape, data.dtype.type)._to_mlir()
    blob = DenseResourceElementsAttr.get_from_buffer(data, name, kind, alignment=_ALIGNMENT)
    return Value._from_mlir(ConstantOp(blob).result)


def _digest(data: Array) -> str:
    return hashlib.sha256(data.tobytes()).hexdigest()[:12]
