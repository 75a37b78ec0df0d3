"""What an operator uses, as yes-or-no questions the table of versions is written in.

Every function here is, or makes, a ``Rule``: it takes an operator and says whether it uses a
feature. Data types are the numbers of ``schema.TensorType``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import shape_of

_T = schema.TensorType


@dataclass(frozen=True)
class Node:
    """One operator.

    Attributes:
        inputs: The input tensors (``schema.TensorT``); None where an optional one is left out.
        outputs: The output tensors.
        options: The operator's options table, or None.
    """

    inputs: tuple[schema.TensorT | None, ...]
    outputs: tuple[schema.TensorT, ...]
    options: Any


Rule = Callable[[Node], bool]


def _dtype(tensors: tuple[schema.TensorT | None, ...], index: int) -> int | None:
    tensor = tensors[index] if index < len(tensors) else None
    return None if tensor is None else int(tensor.type)


def _scales(tensor: schema.TensorT | None) -> list[float]:
    if tensor is None or tensor.quantization is None or tensor.quantization.scale is None:
        return []
    return list(tensor.quantization.scale)


def all_of(*rules: Rule) -> Rule:
    """All of the rules hold."""
    return lambda node: all(rule(node) for rule in rules)


def any_of(*rules: Rule) -> Rule:
    """At least one of the rules holds."""
    return lambda node: any(rule(node) for rule in rules)


def none_of(*rules: Rule) -> Rule:
    """None of the rules holds."""
    return lambda node: not any(rule(node) for rule in rules)


def input_is(*dtypes: int, at: int = 0) -> Rule:
    """Input ``at`` has one of the data types; an input that is left out has none."""
    return lambda node: _dtype(node.inputs, at) in dtypes


def output_is(*dtypes: int) -> Rule:
    """The first output has one of the data types."""
    return lambda node: _dtype(node.outputs, 0) in dtypes


def either_is(*dtypes: int) -> Rule:
    """The first input or the first output has one of the data types."""
    return any_of(input_is(*dtypes), output_is(*dtypes))


def weights(activation: int, weight: int) -> Rule:
    """Input 1 is of type ``weight``, the other input and the output are of type ``activation``."""
    return all_of(input_is(activation), input_is(weight, at=1), output_is(activation))


def input_count(count: int) -> Rule:
    """The operator lists ``count`` inputs, those left out included."""
    return lambda node: len(node.inputs) == count


def has_input(at: int) -> Rule:
    """Input ``at`` is there."""
    return lambda node: _dtype(node.inputs, at) is not None


def option(*fields: str) -> Rule:
    """One of the options is set. Without options each has the schema's default, which is off."""
    return lambda node: any(getattr(node.options, field, 0) for field in fields)


def rank_above(rank: int) -> Rule:
    """The first input has more than ``rank`` axes."""
    return lambda node: len(shape_of(node.inputs[0])) > rank


def per_channel_input(at: int) -> Rule:
    """Input ``at`` has a scale for each channel."""
    return lambda node: len(_scales(node.inputs[at])) > 1


def per_channel_output(node: Node) -> bool:
    """The first output has a scale for each channel."""
    return len(_scales(node.outputs[0])) > 1


def quantized(node: Node) -> bool:
    """The first input has a scale; without one, integers are plain numbers."""
    return bool(_scales(node.inputs[0]))


def sparse_weights(node: Node) -> bool:
    """Input 1 is stored sparsely."""
    return getattr(node.inputs[1], "sparsity", None) is not None


def dilated(node: Node) -> bool:
    """The kernel is dilated."""
    return [getattr(node.options, f"dilation{axis}Factor", 1) for axis in "WH"] != [1, 1]


def grouped(node: Node) -> bool:
    """The NHWC image has more channels than the OHWI kernel."""
    image, kernel = (shape_of(tensor) for tensor in node.inputs[:2])
    return len(image) == 4 and image[3] != kernel[3]


def bias_type_chosen(bias: int) -> Rule:
    """Int16 activations with int8 weights have a bias (input ``bias``) other than the first, int64.

    The option's zero is FLOAT32, which stands for "not chosen".
    """
    chosen = any_of(option("quantizedBiasType"), input_is(_T.INT32, at=bias))
    return all_of(output_is(_T.INT16), input_is(_T.INT8, at=1), chosen)


def free_scales(node: Node) -> bool:
    """Int16 scales may be, or are, other than powers of two.

    Quantizers leave the option that promises powers of two as the schema has it, on, and runtimes
    that know free scales look at the scales themselves.
    """
    tensors = (*node.inputs, *node.outputs)
    powers = all(math.frexp(scale)[0] == 0.5 for tensor in tensors for scale in _scales(tensor))
    return not (powers and getattr(node.options, "potScaleInt16", True))


def rescale_above_1(node: Node) -> bool:
    """The product of the input scales is at least the output's."""
    first, second, out = (_scales(t) for t in (*node.inputs[:2], node.outputs[0]))
    return bool(first and second and out) and bool(first[0] * second[0] / out[0] >= 1.0)


def broadcast_above_rank_4(node: Node) -> bool:
    """Two inputs of different shapes, one with more than four axes."""
    first, second = (shape_of(tensor) for tensor in node.inputs[:2])
    return first != second and max(len(first), len(second)) > 4
