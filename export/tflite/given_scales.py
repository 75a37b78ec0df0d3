"""The scales of a file that was quantized before, exactly as they are.

litert-quantizer takes ranges, and what it makes of one differs from the scale that the range was
made of in the last bit. So it is given the ranges, and the scales are put right afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.preparation.given import Given, Scale
from _edgeship.export.preparation.weight_grid import GridWeight
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.given_rounding import round_first
from _edgeship.export.tflite.given_weights import grid_weights
from _edgeship.export.tflite.objects import constant, kind_of, name_of
from _edgeship.export.tflite.shared_ranges import FIXED, JOINING, MOVING
from _edgeship.export.tflite.weight_bounds import WEIGHTED

_B = schema.BuiltinOperator

#: Operators whose result has a narrower range than what they read: it fits only what follows.
_NARROWING = (_B.AVERAGE_POOL_2D, _B.RESIZE_BILINEAR)

#: How far the quantizer's scale may be from the one that its range was made of.
_LAST_BITS = 2e-6

_SHIFTS = {schema.TensorType.INT8: 0, schema.TensorType.UINT8: 128, schema.TensorType.INT16: 0}


@dataclass(frozen=True)
class FileScales:
    """What of the given scales holds for one float .tflite file.

    Attributes:
        activations: Tensor name -> its scale.
        weights: Tensor name -> its integers.
        offsets: Name of a bias -> its float values.
        measured: How many others are measured, those whose kernels know one scale not among them.
    """

    activations: Mapping[str, Scale]
    weights: Mapping[str, GridWeight]
    offsets: Mapping[str, NDArray[np.float32]]
    measured: int

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Tensor name -> the range that its integers span."""
        return {name: scale.range for name, scale in self.activations.items()}

    @property
    def in_words(self) -> str:
        """How many tensors have the scales of the file, and what is not as it was there."""
        count = len(self.activations)
        taken = f"{count} tensors with the scales of the file" if count else "ranges measured"
        rest = f", {self.measured} with measured ones" if count and self.measured else ""
        return f"{taken}{rest}{self._losses}"

    @property
    def _losses(self) -> str:
        """What could not be taken as it was, in words."""
        requantized = sum(weight.rounded for weight in self.weights.values())
        clipped = sum(weight.clipped for weight in self.weights.values())
        parts = []
        if requantized:
            parts.append(
                f"{requantized} channels of weights were rounded to symmetric int8, since the file "
                "has them in float, with zero points or with more bits"
            )
        if clipped:
            parts.append(f"{clipped} weights of -128 became -127, which TFLite's kernels ask for")
        return "".join(f"; {part}" for part in parts)


def file_scales(
    model: Any, trace: Mapping[str, tuple[str, Perm]], given: Given, bits: int
) -> FileScales:
    """Return what holds for the tensors of a file.

    Args:
        model: The float file as the schema's ``ModelT``.
        trace: Tensor name -> name of its value in the ONNX graph.
        given: The scales of values of that graph.
        bits: Of the activations: scales of another width are not taken.
    """
    taken = {}
    for name, (value, _) in trace.items():
        scale = given.activations.get(value)
        # Integers of 16 bits have no zero point in TFLite.
        if scale is not None and scale.bits == bits and (bits == 8 or scale.zero_point == 0):
            taken[name] = scale
    weights = grid_weights(model, given.weight_steps)
    spread = _spread(model, taken)
    return FileScales(spread, weights, _offsets(model), _count_others(model, spread))


def put_right(model: Any, scales: FileScales) -> None:
    """Give a quantized model the very scales and integers of the file, in place.

    Args:
        model: What litert-quantizer made, as the schema's ``ModelT``.
        scales: What it was to take.
    """
    exact = set(scales.activations.values())
    tensors = model.subgraphs[0].tensors
    for tensor in tensors:
        _snap(tensor, exact)
    round_first(model, scales.activations)
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is None:
            continue
        weight = tensors[op.inputs[layout.weight]]
        grid = scales.weights.get(name_of(weight))
        if grid is not None and weight.type == schema.TensorType.INT8:
            _set_weight(model, weight, grid)
        if len(op.inputs) > layout.bias and op.inputs[layout.bias] >= 0:
            bias = tensors[op.inputs[layout.bias]]
            source = tensors[op.inputs[layout.source]]
            values = scales.offsets.get(name_of(bias))
            if values is not None and bias.type in _BIAS_TYPES:
                _set_bias(model, bias, values, source, weight)


_BIAS_TYPES = {schema.TensorType.INT32: np.int32, schema.TensorType.INT64: np.int64}


def _spread(model: Any, taken: dict[str, Scale]) -> dict[str, Scale]:
    """Return the scales, and those of tensors that hold the same numbers in other places."""
    graph = model.subgraphs[0]
    names = [name_of(tensor) for tensor in graph.tensors]
    operators = [(op, kind_of(model, op)) for op in graph.operators]
    readers = Counter(int(index) for op in graph.operators for index in op.inputs)
    readers.update(int(index) for index in graph.outputs)
    spread = dict(taken)
    for op, kind in operators:
        if kind in FIXED:  # its kernel knows one scale only
            spread.pop(names[op.outputs[0]], None)
    fixed = {names[op.outputs[0]] for op, kind in operators if kind in FIXED}
    for op, kind in operators:
        moved = _moved(model, op, kind)
        found = {spread.get(names[index]) for index in moved}
        scale = found.pop() if len(found) == 1 else None
        if scale is not None:
            for index in op.outputs:
                spread.setdefault(names[index], scale)
    for op, kind in reversed(operators):
        scale = spread.get(names[op.outputs[0]]) if len(op.outputs) == 1 else None
        for index in _moved(model, op, kind) if kind not in _NARROWING else ():
            if scale is not None and readers[index] == 1 and names[index] not in fixed:
                spread.setdefault(names[index], scale)
    return spread


def _count_others(model: Any, spread: Mapping[str, Scale]) -> int:
    tensors = model.subgraphs[0].tensors
    return sum(
        tensors[index].type == schema.TensorType.FLOAT32 and name_of(tensors[index]) not in spread
        for op in model.subgraphs[0].operators
        for index in op.outputs
        if kind_of(model, op) not in FIXED
    )


def _moved(model: Any, op: Any, kind: int) -> list[int]:
    """Return the tensors whose integers an operator passes on; none for other operators."""
    if kind in MOVING:
        return [int(op.inputs[MOVING[kind]])]
    if kind not in JOINING:
        return []
    tensors = model.subgraphs[0].tensors
    return [int(index) for index in op.inputs if constant(model, tensors[index]) is None]


def _offsets(model: Any) -> dict[str, NDArray[np.float32]]:
    """Return the biases of a float file by their names."""
    tensors, found = model.subgraphs[0].tensors, {}
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is None or len(op.inputs) <= layout.bias or op.inputs[layout.bias] < 0:
            continue
        tensor = tensors[op.inputs[layout.bias]]
        values = constant(model, tensor)
        if values is not None:
            found[name_of(tensor)] = values
    return found


def _snap(tensor: Any, exact: set[Scale]) -> None:
    """Give a tensor the scale among ``exact`` that it nearly has, with the same zero point."""
    parameters = tensor.quantization
    if tensor.type not in _SHIFTS or parameters is None or parameters.scale is None:
        return
    if len(parameters.scale) != 1:
        return
    step, zero = float(parameters.scale[0]), int(parameters.zeroPoint[0]) - _SHIFTS[tensor.type]
    near = [
        scale
        for scale in exact
        if scale.zero_point == zero and abs(float(scale.step) - step) <= _LAST_BITS * step
    ]
    if near:
        best = min(near, key=lambda scale: abs(float(scale.step) - step))
        parameters.scale = np.array([best.step], np.float32)


def _set_weight(model: Any, tensor: Any, grid: GridWeight) -> None:
    """Set integers and scales; channels that their biases gave wider ranges keep these."""
    integers = _integers(model, tensor, np.dtype(np.int8))
    own = np.asarray(tensor.quantization.scale, np.float32)
    if own.size != grid.steps.size:
        return
    wider = np.abs(own - grid.steps) > _LAST_BITS * grid.steps
    _set_data(model, tensor, np.where(grid.along(wider), integers, grid.integers))
    tensor.quantization.scale = np.where(wider, own, grid.steps).astype(np.float32)


def _set_bias(model: Any, bias: Any, values: NDArray[np.float32], source: Any, weight: Any) -> None:
    """Count a bias in steps of input scale times weight scale, which may be others now."""
    a, b = (one.quantization for one in (source, weight))
    if a is None or b is None or a.scale is None or b.scale is None:
        return
    steps = np.float64(a.scale[0]) * np.asarray(b.scale, np.float64)
    dtype = _BIAS_TYPES[bias.type]
    limits = np.iinfo(dtype)
    counts = np.rint(values.reshape(-1).astype(np.float64) / steps)
    _set_data(model, bias, np.clip(counts, limits.min, limits.max).astype(dtype))
    bias.quantization.scale = steps.astype(np.float32)


def _integers(model: Any, tensor: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    data = np.asarray(model.buffers[tensor.buffer].data, np.uint8).tobytes()
    return np.frombuffer(data, dtype).reshape(tuple(int(n) for n in tensor.shape))


def _set_data(model: Any, tensor: Any, values: NDArray[Any]) -> None:
    data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    model.buffers[tensor.buffer].data = data
