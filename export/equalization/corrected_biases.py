"""What rounding adds to a layer's outputs on average, taken out of its bias, in ONNX graphs.

As `export.tflite.bias_correction` does it with files of its own target (the empirical form of Nagel
et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019). Here
ONNX Runtime computes the graph with what a file rounds rounded by nodes, for targets whose files
take seconds to run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.equalization.graph_pieces import (
    affordable_samples,
    pieces_of,
    run_piece,
)
from _edgeship.export.equalization.shifts import (
    FEWEST_SAMPLES,
    Floats,
    apart,
    certain_shift,
    in_groups,
)
from _edgeship.export.graph.onnx_graph import float64_data, serialize
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Part

#: A graph -> the same, serialized, with weights and values rounded by nodes that are added to it,
#: as `export.verification.rounded_values` does it.
Rounding = Callable[[ir.Model], bytes]

#: How many numbers all runs may compute: some ten seconds on two cores.
_NUMBERS = 1.5e9

#: Operators with a bias -> the axis of the channels of what they compute.
_CHANNEL_AXES = {"Conv": 1, "ConvTranspose": 1, "Gemm": -1}

_BIAS = 2


@dataclass(frozen=True)
class _Layer:
    """A node with a bias of its own.

    Attributes:
        result: Name of what it computes.
        bias: Name of its bias.
        axis: Of the channels of its result.
    """

    result: str
    bias: str
    axis: int


def corrected_if_better(
    model: ir.Model,
    rounding: Rounding,
    samples: Sequence[Sample],
    parts: Sequence[Part] = (),
    keep: Collection[str] = (),
) -> ir.Model | None:
    """Return a graph with corrected biases, if its outputs are nearer to those in float.

    A quarter of the samples decides, which biases are not corrected by.

    Args:
        model: With static shapes, and its constants as initializers; it stays as it is.
        rounding: Rounds it as a file does.
        samples: Of the calibration.
        parts: What of the outputs is compared; the worst part counts.
        keep: Values whose nodes stay in float.

    Raises:
        VerificationError: ONNX Runtime refuses the graph.
    """
    measured, judges = apart(samples)
    corrected = correct_biases(model, rounding, measured, keep)
    if corrected is model:
        return None
    wanted = run_onnx(serialize(model), judges)
    before, after = (
        compare(wanted, run_onnx(rounding(one), judges, plain=True), parts=parts or None)
        for one in (model, corrected)
    )
    return corrected if after.sqnr_db > before.sqnr_db else None


def correct_biases(
    model: ir.Model, rounding: Rounding, samples: Sequence[Sample], keep: Collection[str] = ()
) -> ir.Model:
    """Return a graph with corrected biases; the same one where that takes too long.

    Args:
        model: As for `corrected_if_better`.
        rounding: Likewise.
        samples: What means are measured on.
        keep: As for `corrected_if_better`.

    Raises:
        VerificationError: ONNX Runtime refuses the graph.
    """
    import onnx

    own = model.clone()
    layers = _with_own_biases(own, keep)
    if len(samples) < FEWEST_SAMPLES or not layers:
        return model
    rounded = onnx.load_model_from_string(rounding(own))
    results = _exact_results(rounded, layers)
    pieces = pieces_of(rounded, in_groups(list(results)))
    most = affordable_samples(rounded, pieces, _shapes(own), _NUMBERS)
    samples = evenly_spaced(samples, min(len(samples), most))
    if len(samples) < FEWEST_SAMPLES:
        return model

    def mean(name: str, values: NDArray[Any]) -> Floats:
        return _channel_means(values, results[name].axis)

    exact = onnx.load_model_from_string(serialize(own))
    by_own_name = {one.result: one for one in layers}
    [whole] = pieces_of(exact, [list(by_own_name)])
    wanted = run_piece(
        exact,
        whole,
        [dict(one) for one in samples],
        lambda name, values: _channel_means(values, by_own_name[name].axis),
    )
    values = [dict(one) for one in samples]
    for piece in pieces:
        found = run_piece(rounded, piece, values, mean)
        for name in piece.looks:
            layer = results[name]
            _subtract(own, rounded, layer, certain_shift(found[name] - wanted[layer.result]))
    return own


def _with_own_biases(model: ir.Model, keep: Collection[str]) -> list[_Layer]:
    """Return the layers whose biases can be changed, each with a bias that no other one reads."""
    new, layers = NewValues(model.graph), []
    for node in model.graph:
        axis = _CHANNEL_AXES.get(node.op_type)
        bias = node.inputs[_BIAS] if len(node.inputs) > _BIAS else None
        result = str(node.outputs[0].name)
        if axis is None or bias is None or bias.const_value is None or result in keep:
            continue
        data = bias.const_value.numpy()
        shape = node.outputs[0].shape
        if data.ndim != 1 or data.dtype != np.float32 or shape is None or shape[axis] != len(data):
            continue
        own = bias
        if len(bias.uses()) > 1:
            own = new.constant(f"{bias.name}/of {node.name}", data)
            node.replace_input_with(_BIAS, own)
        layers.append(_Layer(result, str(own.name), axis))
    return layers


def _exact_results(rounded: Any, layers: Sequence[_Layer]) -> dict[str, _Layer]:
    """Return the layers by what they compute in the rounded graph, in its order.

    That is looked at before it is rounded, where it is.
    """
    by_name = {name: one for one in layers for name in (one.result, f"{one.result}/exact")}
    found: dict[str, _Layer] = {}
    for node in rounded.graph.node:
        if node.op_type in _CHANNEL_AXES and node.output[0] in by_name:
            found[node.output[0]] = by_name[node.output[0]]
    return found


def _shapes(model: ir.Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that the nodes compute."""
    values = [value for node in model.graph for value in node.outputs if value.shape is not None]
    return {str(v.name): tuple(int(str(n)) for n in v.shape or ()) for v in values}


def _channel_means(values: NDArray[Any], axis: int) -> Floats:
    others = tuple(k for k in range(values.ndim) if k != axis % values.ndim)
    mean: Floats = values.mean(axis=others, dtype=np.float64)
    return mean


def _subtract(model: ir.Model, rounded: Any, layer: _Layer, shift: Floats) -> None:
    """Subtract from the bias of a layer, in place, in both forms of the graph."""
    from onnx import numpy_helper

    value = model.graph.initializers[layer.bias]
    data = (float64_data(value) - shift).astype(np.float32)
    value.const_value = ir.tensor(data, name=layer.bias)
    [constant] = [one for one in rounded.graph.initializer if one.name == layer.bias]
    constant.CopyFrom(numpy_helper.from_array(data, layer.bias))
