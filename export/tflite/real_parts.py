"""Which elements of a file's tensors are the network's own, for measuring their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.tflite.borders.windows import Growth
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.objects import constant, kind_of, name_of, shape_of

_B = schema.BuiltinOperator

Mask = NDArray[np.bool_]


def real_parts(
    model: Any, trace: Mapping[str, tuple[str, Perm]], growths: Mapping[str, Growth]
) -> dict[str, Mask]:
    """Return where tensors hold what the network computes, for those that hold more.

    Args:
        model: The float file as the schema's ``ModelT``.
        trace: Tensor name -> (name of its value in the ONNX graph, stored order).
        growths: Name of such a value -> what its spatial axes were grown by.

    Returns:
        Tensor name -> True for the network's own elements, in the tensor's shape. Tensors without
        a value in the ONNX graph follow from what they are made of.
    """
    graph = model.subgraphs[0]
    masks: dict[int, Mask] = {}
    for index, tensor in enumerate(graph.tensors):
        value, perm = trace.get(name_of(tensor), ("", ()))
        if value in growths:
            masks[index] = _mask(shape_of(tensor), perm, growths[value])
    for op in graph.operators:
        result = op.outputs[0]
        name = name_of(graph.tensors[result])
        found = next((masks[int(i)] for i in op.inputs if int(i) in masks), None)
        if found is not None and name not in trace:
            mask = _fitting(_moved(model, op, found), shape_of(graph.tensors[result]))
            if mask is not None:
                masks[int(result)] = mask
    return {name_of(graph.tensors[index]): mask for index, mask in masks.items()}


def _mask(shape: Shape, perm: Perm, growth: Growth) -> Mask:
    mask = np.zeros(shape, np.bool_)
    own = (
        slice(extent - growth[axis - 2] if axis >= 2 else extent)
        for extent, axis in zip(shape, perm, strict=True)
    )
    mask[tuple(own)] = True
    return mask


def _fitting(mask: Mask | None, shape: Shape) -> Mask | None:
    """Return the mask for a tensor of a shape: an image may have other channels; None otherwise."""
    if mask is None or mask.shape == shape:
        return mask
    if len(shape) != 4 or mask.shape[:-1] != shape[:-1]:
        return None
    return np.repeat(mask[..., :1], shape[-1], axis=-1)


def _moved(model: Any, op: Any, mask: Mask) -> Mask | None:
    """Return where the result of an operator is the network's own, None if that is not known."""
    kind, tensors = kind_of(model, op), model.subgraphs[0].tensors
    if kind == _B.RESHAPE:
        return mask.reshape(shape_of(tensors[op.outputs[0]]))
    if kind in (_B.PAD, _B.PADV2, _B.TRANSPOSE):
        amounts = constant(model, tensors[op.inputs[1]])
        if amounts is None:
            return None
        if kind == _B.TRANSPOSE:
            turned: Mask = mask.transpose(amounts.tolist())
            return turned
        return np.pad(mask, amounts.tolist(), constant_values=True)
    if kind == _B.MAX_POOL_2D:  # of one point: see strided_points.py
        picked: Mask = mask[:, :: op.builtinOptions.strideH, :: op.builtinOptions.strideW]
        return picked
    return mask
