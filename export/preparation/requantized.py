"""Scales of a quantized file, held against the graph that was made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.given import Given, Scale
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample


def requantize(model: ir.Model, given: Given) -> ir.Model:
    """Return the float graph with its activations rounded again, as the file had them.

    What it computes is what the file computes, but for the order of float sums: so it shows
    whether the scales were understood.

    Args:
        model: A float graph; it is left as it is.
        given: Scales of its values.
    """
    rounded = model.clone()
    rounded.opset_imports["com.microsoft"] = 1
    graph, new = rounded.graph, NewValues(rounded.graph)
    values = {value.name: value for value in graph.inputs}
    values.update({output.name: output for node in graph for output in node.outputs})
    for name, scale in given.activations.items():
        if name in values:
            _round(graph, new, values[name], scale)
    return rounded


def confirm(
    given: Given, before: ir.Model, after: ir.Model, samples: Sequence[Sample]
) -> tuple[Given, int]:
    """Return the scales of values that rewrites left as they were, and how many were lost.

    The order of a value's numbers does not matter: rewrites permute channels.

    Args:
        given: Scales of values of ``before``.
        before: The graph that they were given for.
        after: The rewritten graph.
        samples: One is enough.
    """
    made = {str(value.name) for graph in (after.graph,) for value in _values(graph)}
    names = [str(value.name) for value in _values(before.graph) if value.name in given.activations]
    names = [name for name in names if name in made]
    kept = {
        str(value.name): given.activations[str(value.name)]
        for value in before.graph.inputs
        if value.name in given.activations
    }
    if names:
        first, second = (_run(model, samples[0], names) for model in (before, after))
        for name, one, other in zip(names, first, second, strict=True):
            scale = given.activations[name]
            gap = np.abs(np.sort(one, axis=None) - np.sort(other, axis=None))
            if one.size == other.size and gap.max(initial=0.0) <= float(scale.step) / 2:
                kept[name] = scale
    lost = len(given.activations) - len(kept)
    return Given(kept, given.weight_steps, given.dropped), lost


def _values(graph: ir.Graph) -> list[ir.Value]:
    return [output for node in graph for output in node.outputs if output.name]


def _run(model: ir.Model, sample: Sample, names: Sequence[str]) -> list[NDArray[np.float32]]:
    import onnx

    proto = ir.to_proto(model)
    outputs = {value.name for value in proto.graph.output}
    # Without a type: ONNX Runtime infers it.
    proto.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in outputs)
    return list(run_onnx(proto.SerializeToString(), [sample], names)[0])


def _round(graph: ir.Graph, new: NewValues, value: ir.Value, scale: Scale) -> None:
    dtype = np.dtype(np.int8 if scale.bits == 8 else np.int16)
    step = new.constant(f"{value.name}_scale", np.asarray(scale.step, np.float32))
    zero = new.constant(f"{value.name}_zero_point", np.asarray(scale.zero_point, dtype))
    # The standard operators take 16 bits in later operator sets only.
    domain = "com.microsoft" if scale.bits == 16 else ""
    down = ir.node("QuantizeLinear", [value, step, zero], domain=domain)
    up = ir.node("DequantizeLinear", [down.outputs[0], step, zero], domain=domain)
    result = up.outputs[0]
    result.type, result.shape = value.type, value.shape
    value.replace_all_uses_with(result, replace_graph_outputs=value.is_graph_output())
    down.replace_input_with(0, value)
    down.outputs[0].name = new.name(f"{value.name}_integers")
    result.name = new.name(f"{value.name}_rounded")
    if result.is_graph_output():
        result.name, value.name = value.name, result.name
    producer = value.producer()
    if producer is None:
        graph.insert_before(graph[0], [down, up])
    else:
        graph.insert_after(producer, [down, up])
