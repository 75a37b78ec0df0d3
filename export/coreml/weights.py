"""The weights of a package, as coremltools sees them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from _edgeship.export.coreml.format.library import IOS_OF_VERSION, coremltools, quiet

#: Operators with weights; the lowering writes products with a constant matrix as ``linear``.
_WEIGHTED = ("conv", "conv_transpose", "linear")

#: Bytes that one more array costs in the file of weights, for its record and its alignment.
PER_BLOB = 128

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
        and all(
            reader.op_type in _WEIGHTED and reader.params_name_mapping.get("weight") == name
            for reader in constant.child_ops
        )
    }
