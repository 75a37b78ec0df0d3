"""One graph in which every layer can be rounded to 8 bits or not, by inputs.

A session is opened once, and what is measured of a layer is one run of it. Each weight stands in
the graph twice, as it is and rounded, in the two branches of an If; so does each result.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.verification.rounded_values import FIXED, steps_in
from _edgeship.export.verification.rounded_weights import round_weights

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

    from _edgeship.export.calibration.ranges import Ranges
    from _edgeship.export.sensitivity.layers import Layer


def switched(graph: ir.Model, layers: Sequence[Layer], ranges: Ranges) -> bytes:
    """Return the serialized graph with two more inputs for each layer; see `positions`.

    Args:
        graph: With its constants as initializers; not changed.
        layers: Of the graph.
        ranges: Name of each of their results -> its range.
    """
    import onnx
    import onnx_ir as ir
    from onnx import TensorProto, helper

    model = onnx.load_model_from_string(serialize(graph))
    rounded = onnx.load_model_from_string(round_weights(graph))
    weights = {one.name: one for one in rounded.graph.initializer}
    nodes = {node.name: node for node in model.graph.node}
    made: list[onnx.NodeProto] = []
    switches: list[str] = []
    for number, layer in enumerate(layers):
        own = [nodes[name] for name in layer.nodes]
        if layer.weight:
            switches.append(_weight_switch(number))
            made.append(_either(own, layer, switches[-1], weights[layer.weight]))
            for node in own:
                model.graph.node.remove(node)
            own = [made[-1]]
        switches.append(_result_switch(number))
        for name in layer.results:
            if own:
                for node in own:
                    _rename(node.output, name, f"{name}/exact")
            else:
                for node in (*model.graph.node, *made):
                    _rename_inputs(node, name, f"{name}/rounded")
            source, result = (f"{name}/exact", name) if own else (name, f"{name}/rounded")
            bounds = FIXED.get(layer.kind, ranges[name])
            made.append(_steps(model, name, source, result, bounds, switches[-1]))
    model.graph.node.extend(made)
    model.graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.BOOL, [1]) for name in switches
    )
    # What is known of types is of values under their old names.
    model.graph.ClearField("value_info")
    ordered = ir.from_proto(model)
    ordered.graph.sort()
    return serialize(ordered)


def positions(
    layers: Sequence[Layer], weights: Collection[int], results: Collection[int]
) -> Mapping[str, NDArray[np.bool_]]:
    """Return what the further inputs of a switched graph are fed with.

    Args:
        layers: Of the graph.
        weights: Numbers of the layers whose weights are rounded.
        results: Numbers of those whose results are.
    """
    fed = {_result_switch(number): number in results for number in range(len(layers))}
    fed |= {
        _weight_switch(number): number in weights
        for number, layer in enumerate(layers)
        if layer.weight
    }
    return {name: np.array([on]) for name, on in fed.items()}


def _weight_switch(number: int) -> str:
    return f"layer {number}/weights in 8 bits"


def _result_switch(number: int) -> str:
    return f"layer {number}/results in 8 bits"


def _either(
    nodes: Sequence[onnx.NodeProto], layer: Layer, switch: str, rounded: onnx.TensorProto
) -> onnx.NodeProto:
    """Return an If that computes a layer with rounded weights or with its own."""
    import onnx
    from onnx import helper

    def branch(mark: str, weight: str, constants: Sequence[Any]) -> onnx.GraphProto:
        inside = {name for node in nodes for name in node.output}
        copies = []
        for node in nodes:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{node.name}/{mark}"
            for k, name in enumerate(node.input):
                copy.input[k] = weight if name == layer.weight else name
                if name in inside:
                    copy.input[k] = f"{name}/{mark}"
            for k, name in enumerate(node.output):
                copy.output[k] = f"{name}/{mark}"
            copies.append(copy)
        outputs = [_float(f"{name}/{mark}") for name in layer.results]
        return helper.make_graph(copies, f"{layer.name}/{mark}", [], outputs, constants)

    constant = onnx.TensorProto()
    constant.CopyFrom(rounded)
    constant.name = f"{layer.weight}/{layer.nodes[0]}/in 8 bits"
    return helper.make_node(
        "If",
        [switch],
        list(layer.results),
        then_branch=branch("in 8 bits", constant.name, [constant]),
        else_branch=branch("in float", layer.weight, []),
    )


def _steps(
    model: onnx.ModelProto,
    name: str,
    source: str,
    result: str,
    bounds: tuple[float, float],
    switch: str,
) -> onnx.NodeProto:
    """Return an If that rounds a value or passes it on."""
    from onnx import helper, numpy_helper

    constants = [f"{name}/scale", f"{name}/zero"]
    for constant, number in zip(constants, steps_in(*bounds), strict=True):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(number), constant))
    steps, rounded, same = f"{name}/steps", f"{name}/on steps", f"{name}/as it is"
    quantize = helper.make_node("QuantizeLinear", [source, *constants], [steps])
    dequantize = helper.make_node("DequantizeLinear", [steps, *constants], [rounded])
    identity = helper.make_node("Identity", [source], [same])
    return helper.make_node(
        "If",
        [switch],
        [result],
        then_branch=helper.make_graph([quantize, dequantize], rounded, [], [_float(rounded)]),
        else_branch=helper.make_graph([identity], same, [], [_float(same)]),
    )


def _float(name: str) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def _rename(names: Any, old: str, new: str) -> None:
    for k, name in enumerate(names):
        names[k] = new if name == old else name


def _rename_inputs(node: onnx.NodeProto, old: str, new: str) -> None:
    """Rename what a node and the graphs inside of it read, in place."""
    _rename(node.input, old, new)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            _rename_inputs(inner, old, new)
