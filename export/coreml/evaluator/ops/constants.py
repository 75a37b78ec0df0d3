"""Constants: stored as they are, quantized, by palettes, sparse, and combinations of these.

Blocks are as in MIL's documentation: of ``s`` scales or palettes along an axis of ``n`` elements,
each serves a block of ``n / s``. Numbers are rounded to the type of the result, which is that of
the scale or the palette.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.coreml.evaluator.mil.dtypes import unpacked
from _edgeship.export.coreml.evaluator.mil.program import Argument, Array
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("const")
def const(call: Call) -> Argument:
    """The value that it holds: an array, a string or a list."""
    return call.arguments["val"]


@computes("constexpr_cast")
def constexpr_cast(call: Call) -> Array:
    """Stored as fp16, and returned as fp32."""
    return np.asarray(call["source_val"]).astype(np.float32)


@computes("constexpr_affine_dequantize")
def affine_dequantize(call: Call) -> Array:
    """``scale * (quantized_data - zero_point)``, one scale per tensor or along one axis."""
    data, scale = np.asarray(call["quantized_data"]), np.asarray(call["scale"])
    axis = int(call["axis"])
    return scaled(
        data,
        along(scale, axis, data.ndim),
        along(np.asarray(call["zero_point"]), axis, data.ndim),
    )


@computes("constexpr_blockwise_shift_scale")
def blockwise_shift_scale(call: Call) -> Array:
    """``scale * (data - offset)``, with one scale and offset per block."""
    return _shifted(np.asarray(call["data"]), call)


@computes("constexpr_lut_to_dense")
def lut_to_dense(call: Call) -> Array:
    """The palette's elements at the stored indices.

    Until iOS 17 the indices are packed into bytes and there is one palette. Since iOS 18 there is
    one for each block, and an entry may be a vector that fills several places along an axis.
    """
    lut = np.asarray(call["lut"])
    if "shape" in call.arguments:
        shape = call.integers("shape")
        width = _index_bits(lut.size)
        packed = _packed(call, "indices", width * math.prod(shape))
        return np.asarray(lut[unpacked(packed, width, math.prod(shape))].reshape(shape))
    return _looked_up(np.asarray(call["indices"]), lut, call)


@computes("constexpr_sparse_to_dense")
def sparse_to_dense(call: Call) -> Array:
    """Zeros, and the stored elements where the mask has ones, in order.

    Until iOS 17 the mask is packed into bytes.
    """
    if "shape" in call.arguments:
        shape = call.integers("shape")
        count = math.prod(shape)
        mask = unpacked(_packed(call, "mask", count), 1, count).reshape(shape)
    else:
        mask = np.asarray(call["mask"])
    return spread(np.asarray(call["nonzero_data"]), mask)


@computes("constexpr_lut_to_sparse")
def lut_to_sparse(call: Call) -> tuple[Array, Array]:
    """As `lut_to_dense`, for the elements that a mask keeps: the mask of the result, and they."""
    mask, lut = np.asarray(call["indices_mask"]), np.asarray(call["lut"])
    indices = spread(np.asarray(call["indices_nonzero_data"]), mask)
    dense = _looked_up(indices, lut, call)
    if lut.shape[-1] > 1:
        mask = np.repeat(mask, lut.shape[-1], axis=int(call["vector_axis"]))
    return mask, dense[mask != 0]


@computes("constexpr_sparse_blockwise_shift_scale")
def sparse_blockwise_shift_scale(call: Call) -> tuple[Array, Array]:
    """As `blockwise_shift_scale`, for the elements that a mask keeps: the mask, and they."""
    mask = np.asarray(call["data_mask"])
    dense = _shifted(spread(np.asarray(call["nonzero_data"]), mask), call)
    return mask, dense[mask != 0]


def scaled(data: Array, scale: Array, offset: Array) -> Array:
    """Return ``scale * (data - offset)``, computed in float32 and rounded to the scale's type."""
    difference = data.astype(np.float32) - offset.astype(np.float32)
    return (difference * scale.astype(np.float32)).astype(scale.dtype)


def along(values: Array, axis: int, rank: int) -> Array:
    """Return a scalar as it is, and a vector reshaped to lie along one of ``rank`` axes."""
    if values.ndim == 0:
        return values
    if values.ndim != 1 or not -rank <= axis < rank:
        raise InputError(f"Values of shape {list(values.shape)} do not lie along axis {axis}.")
    shape = [1] * rank
    shape[axis] = values.size
    return values.reshape(shape)


def spread(elements: Array, mask: Array) -> Array:
    """Return zeros of the mask's shape, with the elements where the mask has ones."""
    where = mask != 0
    if elements.ndim != 1 or np.count_nonzero(where) != elements.size:
        raise InputError(
            f"The mask leaves {np.count_nonzero(where)} elements; {elements.size} are stored."
        )
    dense = np.zeros(mask.shape, elements.dtype)
    dense[where] = elements
    return dense


def _shifted(data: Array, call: Call) -> Array:
    scale = np.asarray(call["scale"])
    offset = np.asarray(call.get("offset", np.zeros_like(scale)))
    if offset.shape != scale.shape:
        raise InputError("The offsets do not have the shape of the scales.")
    return scaled(data, _over_blocks(scale, data.shape), _over_blocks(offset, data.shape))


def _over_blocks(values: Array, shape: tuple[int, ...]) -> Array:
    """Return one value per block repeated so that it broadcasts to one per element of ``shape``."""
    if values.ndim != len(shape) or any(
        count < 1 or size % count for size, count in zip(shape, values.shape, strict=True)
    ):
        raise InputError(f"{list(values.shape)} blocks do not divide {list(shape)} elements.")
    for axis, size in enumerate(shape):
        if 1 < values.shape[axis] < size:
            values = np.repeat(values, size // values.shape[axis], axis)
    return values


def _looked_up(indices: Array, lut: Array, call: Call) -> Array:
    """Return the entries at the indices of palettes of shape (blocks..., entries, vector)."""
    if lut.ndim != indices.ndim + 2:
        raise InputError(f"Palettes of {lut.ndim} axes do not fit {indices.ndim} of the indices.")
    if indices.size and int(indices.max()) >= lut.shape[-2]:
        raise InputError(f"An index reaches behind the {lut.shape[-2]} entries of its palette.")
    blocks = lut.shape[:-2]
    if any(count < 1 or size % count for size, count in zip(indices.shape, blocks, strict=True)):
        raise InputError(f"{list(blocks)} palettes do not divide {list(indices.shape)} indices.")
    # Which palette each element has, axis by axis: palettes are indexed instead of repeated.
    places = np.ogrid[tuple(slice(size) for size in indices.shape)]
    owners: list[Array] = [
        place // (size // count)
        for place, size, count in zip(places, indices.shape, blocks, strict=True)
    ]
    owners.append(indices)
    vectors = lut[tuple(owners)]
    size = lut.shape[-1]
    if size == 1:
        return np.asarray(vectors[..., 0])
    axis = int(call["vector_axis"]) % indices.ndim
    shape = list(indices.shape)
    shape[axis] *= size
    return np.asarray(np.moveaxis(vectors, -1, axis + 1).reshape(shape))


def _index_bits(entries: int) -> int:
    if entries not in (2, 4, 16, 64, 256):
        raise InputError(f"A palette has {entries} entries; 2, 4, 16, 64 or 256 are possible.")
    return entries.bit_length() - 1


def _packed(call: Call, name: str, bits: int) -> NDArray[np.uint8]:
    data = np.asarray(call[name])
    if data.ndim != 1 or data.dtype != np.uint8 or data.size != -(-bits // 8):
        raise InputError(f"{name} has {data.size} {data.dtype.name}; {bits} bits are needed.")
    return data
