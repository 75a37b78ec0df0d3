"""What rounding adds to a layer's outputs on average, taken out of its bias.

Rounded weights, ranges that cut values off and kernels that round twice shift the mean of a
channel. Noise averages out over what a later layer sums up; a shift does not. So the quantized file
is run beside the float one, from the first layer to the last, and what the mean of a channel is off
by is subtracted from the bias of the layer that computes it (the empirical form of Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.runtimes.affine import dequantize, quantize
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.objects import constant, kind_of, name_of, shape_of
from _edgeship.export.tflite.weight_bounds import WEIGHTED
from _edgeship.export.tflite.writer import from_bytes, to_bytes
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Part

Floats = NDArray[np.float64]

#: Into how many groups layers are put at most. The file is run up to each of them; shifts that
#: layers of one group leave to each other are corrected twice. That matters: with 49 layers in 20
#: groups EfficientNet-Lite0 kept 18.1 dB, with each corrected by itself 23.1, where 17.5 are kept
#: without. So rather fewer samples than fewer groups.
_MOST_ROUNDS = 100

#: Below so many groups too much would be corrected twice.
_FEWEST_ROUNDS = 6

#: How many numbers the runs of all groups may compute: some ten seconds on two cores.
_NUMBERS = 4e9

#: Samples that are worth measuring on, how many are taken rather than fewer groups, and how many
#: are measured on and compared on at most.
_FEWEST_SAMPLES, _ENOUGH_SAMPLES, _MOST_SAMPLES, _MOST_JUDGES = 4, 12, 40, 24

#: Half of what 32 bits hold; the other half is for the sum of products that is added.
_LARGEST_BIAS = 2**30


def corrected_if_better(
    data: bytes, plain: bytes, samples: Sequence[Sample], io: FileIO, parts: Sequence[Part]
) -> bytes:
    """Return a quantized file with corrected biases, if its outputs are nearer to the float file's.

    A quarter of the samples decides, which biases are not corrected by.

    Args:
        data: A file with int8 activations.
        plain: The float32 file that it was made of.
        samples: Input name -> array in ONNX order.
        io: The inputs and outputs of both.
        parts: What of the outputs is compared; the worst part counts.

    Raises:
        VerificationError: LiteRT refuses the file.
    """
    session = TFLiteSession(data, io)  # tells what is wrong with a file that LiteRT refuses
    judges = samples[::4]
    others = [sample for i, sample in enumerate(samples) if i % 4]
    corrected = correct_biases(data, plain, evenly_spaced(others, _MOST_SAMPLES), io)
    if corrected == data:
        return data
    judges = evenly_spaced(judges, _MOST_JUDGES)
    sessions = TFLiteSession(plain, io), session, TFLiteSession(corrected, io)
    wanted, before, after = ([one.run(sample) for sample in judges] for one in sessions)
    gained = compare(wanted, after, parts=parts or None).sqnr_db
    return corrected if gained > compare(wanted, before, parts=parts or None).sqnr_db else data


def correct_biases(data: bytes, plain: bytes, samples: Sequence[Sample], io: FileIO) -> bytes:
    """Return a quantized file with corrected biases; the same one where that takes too long.

    Args:
        data: A file with int8 activations.
        plain: The float32 file that it was made of.
        samples: Input name -> array in ONNX order.
        io: The inputs of both.
    """
    model, names = from_bytes(data), {name_of(t) for t in from_bytes(plain).subgraphs[0].tensors}
    layers = [op for op in model.subgraphs[0].operators if _has_bias(model, op, names)]
    if len(samples) < _FEWEST_SAMPLES or not layers:
        return data
    groups, count = _affordable(model, layers, len(samples))
    if len(groups) < min(len(layers), _FEWEST_ROUNDS):
        return data
    samples = evenly_spaced(samples, count)
    results = [name_of(model.subgraphs[0].tensors[op.outputs[0]]) for op in layers]
    wanted = _means(from_bytes(plain), results, samples, io)
    for group in groups:
        found = _means(model, [results[i] for i in group], samples, io)
        for i in group:
            shift = _certain(found[results[i]] - wanted[results[i]])
            _subtract(model, layers[i], shift)
    return to_bytes(model)


def _has_bias(model: Any, op: Any, names: set[str]) -> bool:
    """Return whether an operator adds integers that can be others to what it computes."""
    graph, layout = model.subgraphs[0], WEIGHTED.get(kind_of(model, op))
    if layout is None or len(op.inputs) <= layout.bias or op.inputs[layout.bias] < 0:
        return False
    result, bias = graph.tensors[op.outputs[0]], graph.tensors[op.inputs[layout.bias]]
    return (
        name_of(result) in names
        and result.type == schema.TensorType.INT8
        and bias.type == schema.TensorType.INT32
        and constant(model, bias) is not None
        and shape_of(bias) == shape_of(result)[-1:]
    )


def _affordable(
    model: Any, layers: Sequence[Any], samples: int
) -> tuple[list[NDArray[np.int64]], int]:
    """Return groups of layers, as places among them, and on how many samples they are measured.

    Args:
        model: The quantized file.
        layers: Its operators that are corrected, in their order.
        samples: How many there are.
    """
    graph = model.subgraphs[0]
    sizes = [
        sum(math.prod(shape_of(graph.tensors[i])) for i in op.outputs) for op in graph.operators
    ]
    places = {id(op): place for place, op in enumerate(graph.operators)}
    until = np.cumsum(sizes)[[places[id(op)] for op in layers]]
    rounds = min(len(layers), _MOST_ROUNDS)
    while True:
        groups = np.array_split(np.arange(len(layers)), rounds)
        count = int(_NUMBERS / sum(int(until[group[-1]]) for group in groups))
        if count >= min(samples, _ENOUGH_SAMPLES) or rounds == 1:
            return groups, min(count, samples)
        rounds = max(rounds // 2, 1)


def _means(
    model: Any, names: Sequence[str], samples: Sequence[Sample], io: FileIO
) -> dict[str, Floats]:
    """Return the mean of each channel of tensors: name -> (samples, channels), in real numbers.

    What comes behind the last of them is not computed.
    """
    from ai_edge_litert.interpreter import Interpreter

    from _edgeship.export.runtimes.quiet import captured_stderr

    content = _up_to(model, names)
    with captured_stderr():
        interpreter = Interpreter(model_content=content, num_threads=os.cpu_count() or 1)
        interpreter.allocate_tensors()
    means: dict[str, list[Floats]] = {name: [] for name in names}
    for sample in samples:
        for port, spec in zip(interpreter.get_input_details(), io.inputs, strict=True):
            array = np.ascontiguousarray(sample[spec.name].transpose(spec.perm))
            interpreter.set_tensor(port["index"], quantize(array, port))
        interpreter.invoke()
        for port in interpreter.get_output_details():
            real = dequantize(interpreter.get_tensor(port["index"]), port)
            rows = real.reshape(-1, real.shape[-1])
            means[port["name"]].append(rows.mean(axis=0, dtype=np.float64))
    return {name: np.stack(each) for name, each in means.items()}


def _up_to(model: Any, names: Sequence[str]) -> bytes:
    """Return a file that computes some tensors of another and nothing else; that one stays."""
    graph = model.subgraphs[0]
    wanted = [index for index, tensor in enumerate(graph.tensors) if name_of(tensor) in set(names)]
    operators, last = graph.operators, 0
    for place, op in enumerate(operators):
        if not set(wanted).isdisjoint(op.outputs):
            last = place
    own = graph.outputs, model.signatureDefs, model.operatorCodes
    kinds = [op.opcodeIndex for op in operators]
    graph.operators, graph.outputs = operators[: last + 1], np.array(wanted, np.int32)
    model.signatureDefs = None
    content = to_bytes(model)
    graph.operators = operators
    graph.outputs, model.signatureDefs, model.operatorCodes = own
    for op, kind in zip(operators, kinds, strict=True):
        op.opcodeIndex = kind
    return content


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


def _subtract(model: Any, op: Any, shift: Floats) -> None:
    """Subtract real numbers from an operator's bias, per channel, in a buffer of its own."""
    tensor = model.subgraphs[0].tensors[op.inputs[WEIGHTED[kind_of(model, op)].bias]]
    steps = np.round(shift / np.asarray(tensor.quantization.scale, np.float64))
    new = np.asarray(constant(model, tensor), np.float64) - steps
    new = np.clip(new, -_LARGEST_BIAS, _LARGEST_BIAS).astype(np.int32)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(new.tobytes(), np.uint8)
    tensor.buffer = len(model.buffers)
    model.buffers.append(buffer)
