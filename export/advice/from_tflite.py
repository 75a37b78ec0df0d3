"""Reads the steps of a .tflite file; nothing of it is run."""

from __future__ import annotations

import math
import re

from _edgeship.errors import InputError
from _edgeship.export.advice.steps import Convolution, Kind, NetworkSteps, Step, mark_fused
from _edgeship.export.tflite.reading import OperatorRecord, SubgraphRecord, read_model

_KINDS: dict[Kind, tuple[str, ...]] = {
    "layer": (
        *("BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"),
    ),
    "element-wise": (
        *("ABS", "ADD", "ADD_N", "DEQUANTIZE", "DIV", "ELU", "EXP", "GELU", "HARD_SWISH"),
        *("LEAKY_RELU", "LOG", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "NEG", "POW", "PRELU"),
        *("QUANTIZE", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "RSQRT", "SQRT", "SUB"),
        "TANH",
    ),
    "pooling": (*("AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D", "MEAN", "REDUCE_MAX", "SUM"),),
    "movement": (
        *("CONCATENATION", "DEPTH_TO_SPACE", "GATHER", "MIRROR_PAD", "PACK", "PAD", "PADV2"),
        *("SLICE", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
        "UNPACK",
    ),
    "view": ("EXPAND_DIMS", "RESHAPE", "SQUEEZE"),
}

_KIND_OF = {op: kind for kind, ops in _KINDS.items() for op in ops}

# What follows the name of a layer in that of its weights, however a compiler has changed them.
_WEIGHTS = re.compile(r"(.+?)[./](?:weight|kernel|filter)s?(?:[^a-zA-Z].*)?", re.IGNORECASE)

_LONGEST_NAME = 100

# Which inputs of a layer are its data and its weights, where they are not the first two.
_DATA_AND_WEIGHTS = {"TRANSPOSE_CONV": (2, 1)}


def read_tflite_steps(data: bytes, name: str) -> NetworkSteps:
    """Return the steps of the file's first subgraph, in its order.

    Args:
        data: The bytes of the file, which need not be trustworthy.
        name: The network's name.

    Raises:
        InputError: The bytes are not a TFLite file, a damaged one, or one with open shapes.
    """
    graph = read_model(data).subgraphs[0]
    computed = set(graph.inputs)
    steps = []
    for index, operator in enumerate(graph.operators):
        inputs = [tensor for tensor in operator.inputs if tensor in computed]
        # An operator on constants alone is computed once, before the first run.
        if not inputs:
            continue
        computed.update(operator.outputs)
        steps.append(_step(graph, operator, f"{operator.kind} {index}", inputs))
    return NetworkSteps(name, mark_fused(steps))


def layer_names(data: bytes) -> list[str]:
    """Return a name for each layer of the file's first subgraph, in its order, as in its steps.

    It is that of its weights, without what says that they are weights: the dotted name of the
    module, in files of this project. It is "" where no weights are called so.

    Args:
        data: The bytes of the file, which need not be trustworthy.

    Raises:
        InputError: As for `read_tflite_steps`.
    """
    graph = read_model(data).subgraphs[0]
    computed = set(graph.inputs)
    names = []
    for operator in graph.operators:
        if not computed.intersection(operator.inputs):
            continue
        computed.update(operator.outputs)
        if _KIND_OF.get(operator.kind) == "layer":
            constant = [
                graph.tensors[index].name
                for index in operator.inputs
                if index >= 0 and index not in computed
            ]
            matches = filter(None, map(_WEIGHTS.fullmatch, constant))
            names.append(next((match[1][:_LONGEST_NAME] for match in matches), ""))
    return names


def _step(graph: SubgraphRecord, operator: OperatorRecord, name: str, inputs: list[int]) -> Step:
    kind = _KIND_OF.get(operator.kind, "other")
    read = sum(_size(graph, index, name) for index in inputs)
    written = sum(_size(graph, index, name) for index in operator.outputs if index >= 0)
    dtype = graph.tensors[inputs[0]].dtype
    convolution, mult_adds = None, 0
    if kind == "layer":
        data, weights, result = _data_weights_result(graph, operator, name)
        x, w, y = (_shape(graph, index, name) for index in (data, weights, result))
        types = [graph.tensors[index].dtype for index in (data, weights)]
        dtype = types[0] if types[0] == types[1] else f"{types[0]}, {types[1]} weights"
        if len(inputs) == 1:  # the other is constant: these are weights
            read += math.prod(w)
        if operator.kind in ("FULLY_CONNECTED", "BATCH_MATMUL"):
            # Each value of the data meets one weight for each column of the result.
            mult_adds = math.prod(x) * y[-1]
        else:
            convolution = _convolution(operator.kind, x, w, y, name)
            mult_adds = convolution.mult_adds
    return Step(
        name=name,
        op=operator.kind,
        kind=kind,
        inputs=tuple(map(str, inputs)),
        outputs=tuple(map(str, operator.outputs)),
        read=read,
        written=written,
        mult_adds=mult_adds,
        convolution=convolution,
        clamp=operator.kind in ("RELU", "RELU6"),
        dtype=dtype,
        rows=math.prod(_shape(graph, operator.outputs[0], name)[:-1]) if operator.outputs else 1,
    )


def _data_weights_result(
    graph: SubgraphRecord, operator: OperatorRecord, name: str
) -> tuple[int, int, int]:
    """Return the indices of a layer's data, weights and result."""
    wanted = _DATA_AND_WEIGHTS.get(operator.kind, (0, 1))
    if len(operator.inputs) <= max(wanted) or not operator.outputs:
        raise _damaged(name, "an input or output is missing")
    data, weights = (operator.inputs[place] for place in wanted)
    return data, weights, operator.outputs[0]


def _convolution(
    kind: str, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...], name: str
) -> Convolution:
    """Return the geometry that the shapes tell; strides and dilations are not read."""
    if not len(x) == len(w) == len(y) == 4:
        raise _damaged(name, "an image, its filters or the result does not have 4 axes")
    groups = x[3] if kind == "DEPTHWISE_CONV_2D" else x[3] // w[3]
    if groups < 1:
        raise _damaged(name, f"filters of {w[3]} channels read an image of {x[3]}")
    return Convolution(
        in_channels=x[3],
        out_channels=y[3],
        groups=groups,
        kernel=w[1:3],
        strides=(),
        dilations=(),
        places_in=math.prod(x[:3]),
        places_out=math.prod(y[:3]),
        transposed=kind == "TRANSPOSE_CONV",
    )


def _size(graph: SubgraphRecord, index: int, name: str) -> int:
    return math.prod(_shape(graph, index, name))


def _shape(graph: SubgraphRecord, index: int, name: str) -> tuple[int, ...]:
    if index < 0:
        raise _damaged(name, "an input is missing")
    shape = graph.tensors[index].shape
    if any(extent < 1 for extent in shape):
        raise InputError(
            "The shape of a tensor is not known.",
            where=name,
            why=f"the file has {'x'.join(map(str, shape))} there",
            todo="export the network with fixed shapes",
        )
    return shape


def _damaged(name: str, why: str) -> InputError:
    return InputError(
        "This TFLite file is damaged.", where=name, why=why, todo="download or export it again"
    )
