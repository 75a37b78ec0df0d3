"""The network with all that it computes rounded: the best that files of few bits can do.

Rounded weights say nothing of a network whose weights lie on the steps of 8 bits already, as those
of one that was trained for them do, or that has next to none. So this is the second yardstick:
each value is rounded by itself, as an ideal file would, and ONNX Runtime computes it. No target's
quantizer has a part in it. What only moves elements moves rounded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.verification.rounded_weights import round_weights

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

Array = NDArray[Any]

#: The name of a value, of what is to be rounded, and of the result -> the nodes that round it.
Rounding = Callable[[str, str, str], "list[onnx.NodeProto]"]

#: Operators whose results are elements of what they read: these are rounded already.
MOVING = {
    "Concat",
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "Identity",
    "MaxPool",
    "Pad",
    "ReduceMax",
    "ReduceMin",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "TopK",
    "Transpose",
    "Unsqueeze",
    "Where",
}

#: Operators that are computed with the one before them, without rounding in between.
FUSED = ("Clip", "Relu")

#: Operators whose integer kernels have one range for the result, whatever was measured.
FIXED = {"Sigmoid": (0.0, 1.0), "Softmax": (0.0, 1.0), "Tanh": (-1.0, 1.0)}

_STEPS = 255


def in_8_bits(graph: ir.Model, ranges: Ranges, keep: Collection[str] = ()) -> bytes:
    """Return the serialized graph with weights and activations rounded to 8 bits.

    Args:
        graph: With its constants as initializers; not changed.
        ranges: Name of a value -> its range; values without one are not rounded.
        keep: Values whose nodes compute in float, with the weights that they have. Their results
            are rounded where others read them.

    Returns:
        ONNX Runtime computes it as it stands only if asked to (``plain``): its basic rewrites give
        weights a single scale for all channels where what is before and behind is rounded.
    """
    import onnx

    model = onnx.load_model_from_string(round_weights(graph, keep=keep))
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    bounds = {name: FIXED.get(makers.get(name, ""), own) for name, own in ranges.items()}
    return _rounded(model, _rounded_names(model, ranges), _Steps(model, bounds), bounds, keep)


def rounded_at(graph: ir.Model, bounds: Ranges, keep: Collection[str] = ()) -> bytes:
    """Return the serialized graph with weights and some values rounded to 8 bits, and no others.

    Args:
        graph: As for `in_8_bits`.
        bounds: Name of a value that is rounded -> its range. All that read it read it rounded.
        keep: As for `in_8_bits`.
    """
    import onnx

    model = onnx.load_model_from_string(round_weights(graph, keep=keep))
    return _rounded(model, list(bounds), _Steps(model, bounds), bounds, keep)


@dataclass(frozen=True)
class _Steps:
    """Makes the nodes that round a value to 8 bits, from its name, what they read, and write."""

    model: onnx.ModelProto
    bounds: Ranges

    def __call__(self, name: str, exact: str, result: str) -> list[onnx.NodeProto]:
        from onnx import helper, numpy_helper

        constants = [f"{name}/scale", f"{name}/zero"]
        for constant, number in zip(constants, steps_in(*self.bounds[name]), strict=True):
            self.model.graph.initializer.append(
                numpy_helper.from_array(np.asarray(number), constant)
            )
        steps = f"{name}/steps"
        return [
            helper.make_node("QuantizeLinear", [exact, *constants], [steps]),
            helper.make_node("DequantizeLinear", [steps, *constants], [result]),
        ]


def steps_in(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """Return the scale and the zero point of uint8 that spans a range, and zero with it."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / _STEPS or 1.0)
    return scale, np.uint8(np.clip(np.rint(-low / scale), 0, _STEPS))


def in_halves(graph: ir.Model) -> bytes:
    """Return the serialized graph with weights and activations rounded to float16.

    Args:
        graph: With its constants as initializers, and types; not changed.
    """
    import onnx
    from onnx import TensorProto, helper

    def rounding(name: str, exact: str, result: str) -> list[onnx.NodeProto]:
        half = f"{name}/half"
        return [
            helper.make_node("Cast", [exact], [half], to=TensorProto.FLOAT16),
            helper.make_node("Cast", [half], [result], to=TensorProto.FLOAT),
        ]

    model = onnx.load_model_from_string(round_weights(graph, _half))
    known = _floats(graph)
    return _rounded(model, _rounded_names(model, known), rounding, known)


def _half(weight: Array, axis: int) -> Array:
    """Return a weight in the numbers that float16 has."""
    with np.errstate(over="ignore"):
        rounded: Array = weight.astype(np.float16).astype(weight.dtype)
    return rounded


def _floats(graph: ir.Model) -> set[str]:
    """Return the names of the values of float32, inputs included."""
    import onnx_ir as ir

    values = [*graph.graph.inputs, *(value for node in graph.graph for value in node.outputs)]
    return {str(value.name) for value in values if value.dtype == ir.DataType.FLOAT}


def _rounded(
    model: onnx.ModelProto,
    names: Sequence[str],
    rounding: Rounding,
    known: Collection[str],
    keep: Collection[str] = (),
) -> bytes:
    """Return the serialized graph with nodes that round values; changed in place.

    Args:
        model: The graph.
        names: The values to round for all that read them, unless nodes that are kept compute them.
        rounding: Rounds a value.
        known: All values that it can round.
        keep: As for `in_8_bits`.
    """
    import onnx_ir as ir

    exact = _exact_values(model, keep)
    names = [name for name in names if name not in exact]
    model.graph.node.extend(_round_for_others(model, exact.intersection(known), rounding, keep))
    fed = {value.name for value in model.graph.input}.intersection(names)
    computed = set(names) - fed
    for node in model.graph.node:
        for k, name in enumerate(node.input):
            node.input[k] = f"{name}/rounded" if name in fed else name
        for k, name in enumerate(node.output):
            node.output[k] = f"{name}/exact" if name in computed else name
    for name in names:
        source, result = (name, f"{name}/rounded") if name in fed else (f"{name}/exact", name)
        model.graph.node.extend(rounding(name, source, result))
    # What is known of types is of values under their old names.
    model.graph.ClearField("value_info")
    ordered = ir.from_proto(model)
    ordered.graph.sort()
    return serialize(ordered)


def _exact_values(model: onnx.ModelProto, keep: Collection[str]) -> set[str]:
    """Return the values of nodes that are kept, and what is made of them by moving elements."""
    exact = {name for node in model.graph.node for name in node.output if name in keep}
    for node in model.graph.node:
        if node.op_type in MOVING and not exact.isdisjoint(node.input):
            exact.update(node.output)
    return exact


def _round_for_others(
    model: onnx.ModelProto,
    exact: Collection[str],
    rounding: Rounding,
    keep: Collection[str],
) -> list[onnx.NodeProto]:
    """Let all nodes but the kept ones read exact values rounded, in place, and return what rounds.

    What only moves elements is no reader: it moves exact ones on.
    """
    found: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        if node.op_type in MOVING or not set(keep).isdisjoint(node.output):
            continue
        for k, name in enumerate(node.input):
            if name in exact:
                node.input[k] = f"{name}/for others"
                found[name] = rounding(name, name, node.input[k])
    return [node for nodes in found.values() for node in nodes]


def _rounded_names(model: onnx.ModelProto, known: Collection[str]) -> list[str]:
    """Return the values that are to be rounded: inputs, and each value where it is computed."""
    readers: dict[str, list[str]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    outputs = {value.name for value in model.graph.output}
    constants = {one.name for one in model.graph.initializer}
    fused = {
        name
        for name, kinds in readers.items()
        if len(kinds) == 1 and kinds[0] in FUSED and name not in outputs
    }
    inputs = [value.name for value in model.graph.input if value.name not in constants]
    computed = [
        name for node in model.graph.node if node.op_type not in MOVING for name in node.output
    ]
    return [name for name in (*inputs, *computed) if name in known and name not in fused]
