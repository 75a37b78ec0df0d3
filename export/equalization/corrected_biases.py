"""What rounding adds to a layer's outputs on average, taken out of its bias, in ONNX graphs.

As `export.tflite.bias_correction` does it with files of its own target (the empirical form of Nagel
et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019). Here
ONNX Runtime computes the graph with what a file rounds rounded by nodes, for targets whose files
take seconds to run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.graph.onnx_graph import float64_data, serialize
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.runtimes.running import each_onnx, run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.parts import Part

Floats = NDArray[np.float64]

#: A graph -> the same, serialized, with weights and values rounded by nodes that are added to it,
#: as `export.verification.rounded_values` does it.
Rounding = Callable[[ir.Model], bytes]

#: Into how many groups layers are put at most. The graph is run once for each; shifts that layers
#: of one group leave to each other are corrected twice.
_MOST_ROUNDS = 20

#: Below so many groups too much would be corrected twice.
_FEWEST_ROUNDS = 6

#: How many numbers the runs of all groups may compute: some ten seconds on two cores.
_NUMBERS = 2e9

#: Samples that are worth measuring on, and how many are measured on and compared on at most.
_FEWEST_SAMPLES, _MOST_SAMPLES, _MOST_JUDGES = 4, 40, 24

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
    judges = evenly_spaced(samples[::4], _MOST_JUDGES)
    others = [sample for i, sample in enumerate(samples) if i % 4]
    corrected = correct_biases(model, rounding, evenly_spaced(others, _MOST_SAMPLES), keep)
    if corrected is model:
        return None
    wanted = run_onnx(serialize(model), judges)
    before, after = (
        compare(wanted, run_onnx(rounding(one), judges, plain=True), parts=parts or None)
        for one in (model, corrected)
    )
    return corrected if _worst_db(after) > _worst_db(before) else None


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
    rounds = min(len(layers), _MOST_ROUNDS, int(_NUMBERS / (_size(model) * max(len(samples), 1))))
    if len(samples) < _FEWEST_SAMPLES or rounds < min(len(layers), _FEWEST_ROUNDS) or not rounds:
        return model
    wanted = _means(onnx.load_model_from_string(serialize(own)), layers, samples)
    rounded = onnx.load_model_from_string(rounding(own))
    for group in np.array_split(np.arange(len(layers)), rounds):
        some = [layers[i] for i in group]
        found = _means(rounded, some, samples)
        for layer in some:
            _subtract(own, rounded, layer, _certain(found[layer.result] - wanted[layer.result]))
    return own


def _worst_db(parity: Parity) -> float:
    return min(part.sqnr_db for part in parity.parts)


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
        own = new.constant(f"{bias.name}/of {node.name}", data)
        node.replace_input_with(_BIAS, own)
        layers.append(_Layer(result, str(own.name), axis))
    return layers


def _size(model: ir.Model) -> int:
    """Return how many numbers a run computes."""
    shapes = [value.shape for node in model.graph for value in node.outputs]
    return sum(math.prod(int(str(n)) for n in shape) for shape in shapes if shape is not None)


def _means(model: Any, layers: Sequence[_Layer], samples: Sequence[Sample]) -> dict[str, Floats]:
    """Return the mean of each channel of results: name -> (samples, channels).

    Args:
        model: The float graph or the rounded one, as a ``ModelProto``; not changed.
        layers: What computes them.
        samples: What the graph takes.
    """
    import onnx

    graph = onnx.ModelProto()
    graph.CopyFrom(model)
    computed = {name for node in graph.graph.node for name in node.output}
    # Before it is rounded, where it is.
    names = {one.result: f"{one.result}/exact" for one in layers}
    names = {own: exact if exact in computed else own for own, exact in names.items()}
    outputs = {value.name for value in graph.graph.output}
    graph.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in names.values() if name not in outputs
    )
    means: dict[str, list[Floats]] = {one.result: [] for one in layers}
    for values in each_onnx(graph.SerializeToString(), samples, list(names.values()), plain=True):
        for one, array in zip(layers, values, strict=True):
            others = tuple(k for k in range(array.ndim) if k != one.axis % array.ndim)
            means[one.result].append(array.mean(axis=others, dtype=np.float64))
    return {name: np.stack(each) for name, each in means.items()}


def _certain(differences: Floats) -> Floats:
    """Return the mean over samples, drawn to zero by as much as it may be chance.

    Args:
        differences: (samples, channels).
    """
    mean = differences.mean(axis=0)
    variance = differences.var(axis=0, ddof=1) / len(differences)
    kept = np.maximum(1 - variance / np.maximum(np.square(mean), 1e-30), 0.0)
    shift: Floats = mean * kept
    return shift


def _subtract(model: ir.Model, rounded: Any, layer: _Layer, shift: Floats) -> None:
    """Subtract from the bias of a layer, in place, in both forms of the graph."""
    from onnx import numpy_helper

    value = model.graph.initializers[layer.bias]
    data = (float64_data(value) - shift).astype(np.float32)
    value.const_value = ir.tensor(data, name=layer.bias)
    [constant] = [one for one in rounded.graph.initializer if one.name == layer.bias]
    constant.CopyFrom(numpy_helper.from_array(data, layer.bias))
