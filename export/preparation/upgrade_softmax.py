"""Softmax and its relatives before operator set 13: over all axes from one on, taken as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.preparation import refusals
from _edgeship.export.preparation.rules import Site, replaces


@replaces("Softmax", "LogSoftmax", "Hardmax", before=13)
def softmax(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Over one axis where the others that count have one element; else over the flattened ones."""
    x = node.inputs[0]
    shape = site.shape(x)
    axis = integer(node, "axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    if not 0 <= axis <= len(shape):
        raise refusals.does_not_fit(node, f"it has no axis {axis}")
    counting = [each for each in range(axis, len(shape)) if shape[each] != 1]
    if len(counting) <= 1 and axis < len(shape):
        return [site.op(node.op_type, x, axis=counting[0] if counting else axis)]
    flat = np.array([math.prod(shape[:axis]), math.prod(shape[axis:])], np.int64)
    rows = site.op("Reshape", x, site.constant(flat))
    found = site.op(node.op_type, rows, axis=1)
    return [site.op("Reshape", found, site.constant(np.array(shape, np.int64)))]
