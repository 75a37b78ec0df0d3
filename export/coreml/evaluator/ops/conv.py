"""Convolutions and transposed convolutions, along one to three axes.

The paddings ``same`` and ``same_lower`` are those of Core ML's ``SamePadding``: the output has
``ceil(size / stride)`` elements, and of an odd total the larger half goes to the end
(``same_lower``: to the beginning). The formula in MIL's documentation of ``conv`` ignores the
stride and contradicts its own sentence on where the odd element goes. Source: the comment on
``SamePadding`` in Core ML's ``NeuralNetwork.proto``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid, undocumented
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes

_CONVOLUTIONS: dict[int, Any] = {
    1: functional.conv1d,
    2: functional.conv2d,
    3: functional.conv3d,
}
_TRANSPOSED: dict[int, Any] = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}


@computes("conv")
def conv(call: Call) -> Array:
    """Slide filters (C_out, C_in / groups, K...) over (N, C_in, D...)."""
    x, weight = call.tensor("x"), call.tensor("weight")
    axes = x.ndim - 2
    strides = _numbers(call, "strides", axes)
    dilations = _numbers(call, "dilations", axes)
    reaches = [(size - 1) * by + 1 for size, by in zip(weight.shape[2:], dilations, strict=True)]
    pads = [
        _padding(call, number, (int(x.shape[2 + number]), reaches[number], strides[number]))
        for number in range(axes)
    ]
    demand_room(call, [*x.shape[:2], *_grown(x, pads)])
    if all(before == after for before, after in pads):
        padding = [before for before, _ in pads]
    else:
        x, padding = functional.pad(x, _flat(pads)), [0] * axes
    y = _function(_CONVOLUTIONS, axes)(
        x, weight, _bias(call), strides, padding, dilations, int(call.get("groups", 1))
    )
    return np.asarray(y.numpy())


@computes("conv_transpose")
def conv_transpose(call: Call) -> Array:
    """Spread filters (C_in, C_out / groups, K...) over the output: the gradient of `conv`.

    The whole result is computed and then cut. Where ``output_shape`` asks for more than the pads
    leave, the output continues past what is left; past the whole result, where no filter reaches,
    it is the bias alone.
    """
    x, weight = call.tensor("x"), call.tensor("weight")
    axes = x.ndim - 2
    strides = _numbers(call, "strides", axes)
    dilations = _numbers(call, "dilations", axes)
    spread = [
        (size - 1) * stride + (reach - 1) * by + 1
        for size, stride, reach, by in zip(
            x.shape[2:], strides, weight.shape[2:], dilations, strict=True
        )
    ]
    demand_room(call, [x.shape[0], weight.shape[1] * int(call.get("groups", 1)), *spread])
    whole = _function(_TRANSPOSED, axes)(
        x, weight, None, strides, 0, 0, int(call.get("groups", 1)), dilations
    )
    wanted = call.integers("output_shape", [])
    if wanted and (len(wanted) != axes + 2 or tuple(wanted[:2]) != whole.shape[:2]):
        raise invalid(call, f"output_shape is {wanted}; the result is {list(whole.shape)}")
    changes: list[tuple[int, int]] = []
    for number, full in enumerate(spread):
        same = int(x.shape[2 + number]) * strides[number]
        before, size = _kept(call, number, (full, same, wanted[2 + number] if wanted else None))
        changes.append((-before, before + size - full))
    demand_room(call, [*whole.shape[:2], *_grown(whole, changes)])
    y = functional.pad(whole, _flat(changes))
    bias = _bias(call)
    return np.asarray((y if bias is None else y + bias.reshape(-1, *[1] * axes)).numpy())


def _pad_type(call: Call) -> str:
    return str(call.get("pad_type", "valid"))


def _padding(call: Call, number: int, window: tuple[int, int, int]) -> tuple[int, int]:
    """Return the padding before and after an axis.

    Args:
        call: The operator.
        number: Which spatial axis.
        window: Its size, how far a filter reaches, and the stride.
    """
    size, reach, stride = window
    kind = _pad_type(call)
    if kind == "valid":
        return 0, 0
    if kind == "custom":
        return _custom(call, number)
    if kind in ("same", "same_lower"):
        total = max(0, (-(-size // stride) - 1) * stride + reach - size)
        lesser = total // 2
        return (lesser, total - lesser) if kind == "same" else (total - lesser, lesser)
    raise undocumented(call, f"what the padding {kind!r} is")


def _kept(call: Call, number: int, sizes: tuple[int, int, int | None]) -> tuple[int, int]:
    """Return the part of an axis that is left of a whole transposed convolution: offset and size.

    Args:
        call: The operator.
        number: Which spatial axis.
        sizes: Without any padding, with the padding ``same``, and what ``output_shape`` asks for.
    """
    full, same, wanted = sizes
    kind = _pad_type(call)
    if kind == "valid":
        return 0, full if wanted is None else wanted
    if kind == "custom":
        before, after = _custom(call, number)
        return before, full - before - after if wanted is None else wanted
    if kind == "same":
        # As the convolution is padded whose gradient this is: the lesser half is at the beginning.
        size = same if wanted is None else wanted
        return max(0, full - size) // 2, size
    raise undocumented(call, f"what the padding {kind!r} of a transposed convolution is")


def _custom(call: Call, number: int) -> tuple[int, int]:
    pads = call.integers("pad", [])
    if not pads:
        return 0, 0
    before, after = pads[2 * number], pads[2 * number + 1]
    if before < 0 or after < 0:
        raise undocumented(call, f"what the negative padding {pads} is")
    return before, after


def _grown(x: torch.Tensor, changes: Sequence[tuple[int, int]]) -> list[int]:
    """Return the spatial shape with elements added, or cut, before and after each axis."""
    return [size + sum(change) for size, change in zip(x.shape[2:], changes, strict=True)]


def _flat(changes: Sequence[tuple[int, int]]) -> list[int]:
    """Return pads in the order that torch takes them: the last axis first."""
    return [pad for pair in reversed(changes) for pad in pair]


def _numbers(call: Call, name: str, axes: int) -> list[int]:
    numbers = call.integers(name, [1] * axes)
    if len(numbers) != axes or any(number < 1 for number in numbers):
        raise invalid(call, f"{name} is {numbers}; {axes} positive numbers are needed")
    return numbers


def _bias(call: Call) -> torch.Tensor | None:
    return call.tensor("bias") if "bias" in call.arguments else None


def _function(table: dict[int, Any], axes: int) -> Any:
    if axes not in table:
        raise ValueError(f"a convolution over {axes} axes")
    return table[axes]
