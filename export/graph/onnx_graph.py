"""Small helpers on ``onnx_ir`` graphs that several stages need."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes import common


def infer_shapes(model: ir.Model) -> ir.Model:
    """Return the model with constants lifted to initializers and static shapes filled in."""
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.LiftSubgraphInitializersToMainGraphPass()(model)
    common.RemoveInitializersFromInputsPass()(model)
    return common.ShapeInferencePass(strict_mode=False, data_prop=True)(model).model


def serialize(model: ir.Model) -> bytes:
    """Return the bytes of the ONNX file."""
    return bytes(ir.to_proto(model).SerializeToString(deterministic=True))


def integer(node: ir.Node, name: str, default: int) -> int:
    """Return an integer attribute or its default."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_int()


def real(node: ir.Node, name: str, default: float) -> float:
    """Return a float attribute or its default."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_float()


def float64_data(value: ir.Value | None) -> NDArray[np.float64]:
    """Return the values of a constant in double precision.

    Raises:
        ValueError: The value is missing, or is not a constant.
    """
    if value is None or value.const_value is None:
        raise ValueError("a constant is missing")
    return value.const_value.numpy().astype(np.float64)


def operator_counts(model: ir.Model) -> dict[str, int]:
    """Return how many nodes of each operator the graph has, most frequent first."""
    return dict(Counter(node.op_type for node in model.graph).most_common())


def input_shapes(model: ir.Model) -> dict[str, tuple[int, ...]]:
    """Return name -> static shape of the graph's inputs, in order."""
    return {
        value.name or "": tuple(int(str(extent)) for extent in value.shape or ())
        for value in model.graph.inputs
        if not value.is_initializer()
    }
