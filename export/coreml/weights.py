"""The weights of a package, as coremltools sees them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from export.coreml.library import coremltools, quiet

#: Operators that read weights -> the name of that input.
_WEIGHTS = {"conv": "weight", "conv_transpose": "weight", "linear": "weight", "matmul": "y"}

#: Bytes that one more array costs in the file of weights: its header, and what aligns it.
PER_BLOB = 128

_OLDEST_VERSION = 6
_OLDEST_IOS = 15


def ios_of(model: Any) -> int:
    """Return the oldest iOS that a ``coremltools.models.MLModel`` runs on."""
    version = int(model.get_spec().specificationVersion)
    return version - _OLDEST_VERSION + _OLDEST_IOS


def weights_of(model: Any) -> dict[str, NDArray[Any]]:
    """Return name -> data of the floating point weights that convolutions and products read.

    Biases and constants that anything else reads are left out, and so is what is compressed
    already.

    Args:
        model: A ``coremltools.models.MLModel``.
    """
    coremltools()
    from coremltools.optimize import coreml as optimize

    with quiet():
        constants = optimize.get_weights_metadata(model, weight_threshold=0)
    return {
        name: constant.val
        for name, constant in constants.items()
        if constant.val.dtype.kind == "f"
        and constant.val.ndim > 1
        and constant.child_ops
        and all(_is_weight(name, reader) for reader in constant.child_ops)
    }


def _is_weight(name: str, reader: Any) -> bool:
    parameter = _WEIGHTS.get(reader.op_type)
    return parameter is not None and reader.params_name_mapping.get(parameter) == name
