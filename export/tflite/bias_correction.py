"""What rounding adds to a layer's outputs on average, taken out of its bias.

Rounded weights, ranges that cut values off and kernels that round twice shift the mean of a
channel. Noise averages out over what a later layer sums up; a shift does not. So the quantized file
is run beside the float one, from the first layer to the last, and what the mean of a channel is off
by is subtracted from the bias of the layer that computes it (the empirical form of Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
"""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.equalization.shifts import (
    FEWEST_SAMPLES,
    Floats,
    apart,
    certain_shift,
    in_groups,
)
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.objects import constant, kind_of, name_of, shape_of
from _edgeship.export.tflite.piecewise import affordable_samples, pieces_of, run_piece
from _edgeship.export.tflite.weight_bounds import WEIGHTED
from _edgeship.export.tflite.writer import from_bytes, to_bytes
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Part

#: How many numbers all runs may compute, by the type of activations: some ten seconds on two cores.
#: No delegate runs kernels of 16 bits.
_NUMBERS = {schema.TensorType.INT8: 2.5e9, schema.TensorType.INT16: 2.5e8}

#: Types of activations with that of their biases, and the largest number that a corrected one is:
#: the sum of products is added to it, and what is left of 32 and of 48 bits is for that.
_TYPES = {
    schema.TensorType.INT8: schema.TensorType.INT32,
    schema.TensorType.INT16: schema.TensorType.INT64,
}
_LARGEST_BIAS = {np.dtype(np.int32): 2**30, np.dtype(np.int64): 2**38}


def corrected_if_better(
    data: bytes, plain: bytes, samples: Sequence[Sample], io: FileIO, parts: Sequence[Part]
) -> bytes:
    """Return a quantized file with corrected biases, if its outputs are nearer to the float file's.

    A quarter of the samples decides, which biases are not corrected by.

    Args:
        data: A file with int8 or int16 activations.
        plain: The float32 file that it was made of.
        samples: Input name -> array in ONNX order.
        io: The inputs and outputs of both.
        parts: What of the outputs is compared; the worst part counts.

    Raises:
        VerificationError: LiteRT refuses the file.
    """
    session = TFLiteSession(data, io)  # tells what is wrong with a file that LiteRT refuses
    measured, judges = apart(samples)
    corrected = correct_biases(data, plain, measured, io)
    if corrected == data:
        return data
    sessions = TFLiteSession(plain, io), session, TFLiteSession(corrected, io)
    wanted, before, after = ([one.run(sample) for sample in judges] for one in sessions)
    gained = compare(wanted, after, parts=parts or None).sqnr_db
    return corrected if gained > compare(wanted, before, parts=parts or None).sqnr_db else data


def correct_biases(data: bytes, plain: bytes, samples: Sequence[Sample], io: FileIO) -> bytes:
    """Return a quantized file with corrected biases; the same one where that takes too long.

    Args:
        data: A file with int8 or int16 activations.
        plain: The float32 file that it was made of.
        samples: Input name -> array in ONNX order.
        io: The inputs of both.
    """
    model, in_float = from_bytes(data), from_bytes(plain)
    makers = {_result(in_float, op): op for op in in_float.subgraphs[0].operators}
    layers = [op for op in model.subgraphs[0].operators if _has_bias(model, op, makers)]
    if len(samples) < FEWEST_SAMPLES or not layers:
        return data
    groups = in_groups(layers)
    pieces = pieces_of(model, groups)
    kind = model.subgraphs[0].tensors[layers[0].outputs[0]].type
    most = affordable_samples(model, pieces, _NUMBERS[kind])
    samples = evenly_spaced(samples, min(len(samples), most))
    if len(samples) < FEWEST_SAMPLES:
        return data
    same = [makers[_result(model, op)] for op in layers]
    [whole] = pieces_of(in_float, [same])
    wanted = run_piece(in_float, whole, _stored(plain, samples, io), _mean)
    values = _stored(data, samples, io)
    for group, piece in zip(groups, pieces, strict=True):
        found = run_piece(model, piece, values, _mean)
        for op in group:
            real = _real(model.subgraphs[0].tensors[op.outputs[0]], found[op.outputs[0]])
            exact = wanted[makers[_result(model, op)].outputs[0]]
            _subtract(model, op, certain_shift(real - exact))
    return to_bytes(model)


def _result(model: Any, op: Any) -> str:
    """Return the name of what an operator computes."""
    return name_of(model.subgraphs[0].tensors[op.outputs[0]])


def _stored(data: bytes, samples: Sequence[Sample], io: FileIO) -> list[dict[int, NDArray[Any]]]:
    """Return for each sample what a file stores in its inputs, by tensor.

    Raises:
        VerificationError: LiteRT refuses the file.
    """
    inputs, session = from_bytes(data).subgraphs[0].inputs, TFLiteSession(data, io)
    return [dict(zip(map(int, inputs), session.feeds(one), strict=True)) for one in samples]


def _has_bias(model: Any, op: Any, names: Container[str]) -> bool:
    """Return whether an operator adds integers that can be others to what it computes."""
    graph, layout = model.subgraphs[0], WEIGHTED.get(kind_of(model, op))
    if layout is None or len(op.inputs) <= layout.bias or op.inputs[layout.bias] < 0:
        return False
    result, bias = graph.tensors[op.outputs[0]], graph.tensors[op.inputs[layout.bias]]
    return (
        _result(model, op) in names
        and _TYPES.get(result.type) == bias.type
        and constant(model, bias) is not None
        and shape_of(bias) == shape_of(result)[-1:]
    )


def _mean(values: NDArray[Any]) -> Floats:
    """Return the mean of each channel, which is the last axis."""
    mean: Floats = values.reshape(-1, values.shape[-1]).mean(axis=0, dtype=np.float64)
    return mean


def _real(tensor: Any, means: Floats) -> Floats:
    """Return the real numbers of means of what a tensor stores."""
    [scale], [zero_point] = tensor.quantization.scale, tensor.quantization.zeroPoint
    real: Floats = (means - float(zero_point)) * float(scale)
    return real


def _subtract(model: Any, op: Any, shift: Floats) -> None:
    """Subtract real numbers from an operator's bias, per channel, and from no other's."""
    graph, place = model.subgraphs[0], WEIGHTED[kind_of(model, op)].bias
    if sum(op.inputs[place] in other.inputs for other in graph.operators) > 1:
        graph.tensors.append(copy.copy(graph.tensors[op.inputs[place]]))
        op.inputs = [*op.inputs[:place], len(graph.tensors) - 1, *op.inputs[place + 1 :]]
    tensor = graph.tensors[op.inputs[place]]
    steps = np.round(shift / np.asarray(tensor.quantization.scale, np.float64))
    old = np.asarray(constant(model, tensor))
    most = _LARGEST_BIAS[old.dtype]
    new = np.clip(old - steps, -most, most).astype(old.dtype)
    if sum(one.buffer == tensor.buffer for one in graph.tensors) > 1:
        tensor.buffer = len(model.buffers)
        model.buffers.append(schema.BufferT())
    model.buffers[tensor.buffer].data = np.frombuffer(new.tobytes(), np.uint8)
