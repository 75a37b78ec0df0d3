"""The longer conditions of `gpu_rules`."""

from __future__ import annotations

from math import prod

from _edgeship.export.delegates.operation import Operation

#: Types of a constant that the accelerator reads as numbers of float32.
_AS_FLOAT = ("float32", "float16")
_QUANTIZED = ("int8", "uint8", "int4")


def same_twice(operation: Operation) -> bool:
    """Return whether both inputs are one tensor."""
    first, second = operation.read
    return first.tensor == second.tensor


def not_broadcastable(operation: Operation) -> bool:
    """Return whether two inputs that are computed have axes that do not go together."""
    first, second = operation.read
    if operation.computed != 2 or first.rank == second.rank:
        return False
    if not (first.rank and second.rank):
        return True
    pairs = zip(reversed(first.shape), reversed(second.shape), strict=False)
    return any(one != other and 1 not in (one, other) for one, other in pairs)


def unreadable_constant(operation: Operation) -> bool:
    """Return whether an input is a constant of a type or shape that cannot be read."""
    if operation.computed != 1:
        return False
    [constant] = [one for one in operation.read if one.constant]
    number = constant.dtype in _AS_FLOAT or (constant.scales > 0 and constant.dtype in _QUANTIZED)
    if constant.size == 1:
        return not number and constant.dtype != "int32"
    return False


def uneven_depthwise(operation: Operation) -> bool:
    """Return whether the extents of a depthwise convolution do not fit one another."""
    image, weights = operation.read[:2]
    result = operation.outputs[0]
    if not image.rank == weights.rank == result.rank == 4:
        return True
    channels = image.shape[3] * int(operation.options["depthMultiplier"])
    return (
        image.shape[0] != result.shape[0]
        or weights.shape[3] != result.shape[3]
        or result.shape[3] != channels
    )


def other_slopes(operation: Operation) -> bool:
    """Return whether a PRELU has neither a slope for each channel nor one for each element."""
    image, slopes = operation.read
    height_width_channels = _bhwc(image.shape)[1:]
    if not slopes.constant:
        return True
    if slopes.rank and all(extent == 1 for extent in slopes.shape[:-1]):
        return slopes.shape[-1] != height_width_channels[-1]
    return slopes.shape[-3:] != height_width_channels or slopes.size != prod(slopes.shape[-3:])


def broadcast_choice(operation: Operation) -> bool:
    """Return whether what is chosen from lies otherwise than the result, or the choice is odd."""
    choice, *values = operation.read
    if choice.dtype not in ("bool", "float16", "float32"):
        return True
    result = operation.outputs[0].shape
    return any(
        one.shape != result and one.rank and (one.rank > 1 or one.shape[0] > 1) for one in values
    )


def unreadable_slice(operation: Operation) -> bool:
    """Return whether a SLICE has starts or sizes that cannot be read."""
    image, starts, sizes = operation.read
    if image.constant or not (starts.constant and sizes.constant):
        return True
    if (starts.dtype, sizes.dtype) != ("int32", "int32") or starts.size != sizes.size:
        return True
    return starts.size != image.rank and (image.rank, starts.size) != (4, 3)


def unreadable_strides(operation: Operation) -> bool:
    """Return whether a STRIDED_SLICE has parameters that cannot be read."""
    image, *parameters = operation.read
    if len(parameters) < 3 or any(
        not one.constant or one.dtype != "int32" for one in parameters[:3]
    ):
        return True
    return image.rank - parameters[0].size not in (0, 1)


def _bhwc(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape as the accelerator lays it out: batch, height, width and channels."""
    first, *others = shape or (1,)
    return (first, *[1] * (3 - len(others)), *others)
