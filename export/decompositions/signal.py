"""Fourier transforms as products with matrices of sines and cosines."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: The largest matrix, in elements.
_MOST = 1 << 24


@decomposes("DFT")
def dft(b: Builder, node: ir.Node) -> ir.Value:
    """One MatMul from real and imaginary parts to real and imaginary parts."""
    x = attributes.source(node)
    *shape, parts = b.shape(x)
    axis = _axis(b, node) % len(b.shape(x))
    results = b.shape(node.outputs[0])
    inverse = bool(attributes.integer(node, "inverse", 0))
    length = attributes.optional_input(node, 1)
    points = shape[axis] if length is None else int(b.required_data(length, "the length of DFT"))
    onesided = bool(attributes.integer(node, "onesided", 0))
    if inverse and onesided:
        points = results[axis]
        if points // 2 + 1 < shape[axis]:
            # ONNX does not say which are left out.
            raise Unsupported(f"{shape[axis]} of a spectrum for {points} points")
        x, shape[axis] = _mirrored(b, x, axis, points), points
    elif points < shape[axis]:
        x = b.slice(x, axis, 0, points)
    used = min(points, shape[axis])
    matrix = _fourier(used, points, results[axis], parts, results[-1], inverse)
    order = [*(each for each in range(len(shape)) if each != axis), axis, len(shape)]
    outer = [shape[each] for each in order[:-2]]
    flat = b.reshape(b.transpose(x, order), [*outer, used * parts])
    found = b.reshape(b.op("MatMul", flat, matrix), [*outer, results[axis], results[-1]])
    return b.transpose(found, [order.index(each) for each in range(len(order))])


def _axis(b: Builder, node: ir.Node) -> int:
    given = attributes.optional_input(node, 2)
    if given is not None:
        return int(b.required_data(given, "the axis of DFT"))
    return attributes.integer(node, "axis", 1 if b.opset < 20 else -2)


def _mirrored(b: Builder, x: ir.Value, axis: int, points: int) -> ir.Value:
    """Return all of a spectrum of which one half is given: the other is its conjugate."""
    half = points // 2 + 1
    x = b.slice(x, axis, 0, half)
    back = b.gather(x, np.arange(points - half, 0, -1), axis)
    if points <= half:
        return x
    turned = b.op("Mul", back, np.array([1, -1], b.dtype(x)))
    return b.concat([x, turned], axis)


def _fourier(
    used: int, points: int, results: int, parts_in: int, parts_out: int, inverse: bool
) -> Array:
    """Return the matrix (used * parts, results * parts).

    Raises:
        Unsupported: It would be too large.
    """
    if used * results * parts_in * parts_out > _MOST:
        raise Unsupported(f"a Fourier transform of {points} points")
    turns = np.outer(np.arange(used), np.arange(results)) % points / points
    angle = 2 * np.pi * turns * (1 if inverse else -1)
    scale = 1 / points if inverse else 1.0
    real, imaginary = np.cos(angle) * scale, np.sin(angle) * scale
    matrix = np.array([[real, imaginary], [-imaginary, real]])[:parts_in, :parts_out]
    flat: Array = matrix.transpose(2, 0, 3, 1).reshape(used * parts_in, -1)
    return flat.astype(np.float32)


@decomposes("STFT")
def stft(b: Builder, node: ir.Node) -> ir.Value:
    """A convolution by windowed sines and cosines."""
    signal, step = attributes.source(node), attributes.source(node, 1)
    window, length = attributes.optional_input(node, 2), attributes.optional_input(node, 3)
    batch, frames = b.shape(node.outputs[0])[:2]
    samples = b.shape(signal)[1]
    parts = b.shape(signal)[2] if len(b.shape(signal)) == 3 else 1
    if length is not None:
        points = int(b.required_data(length, "the frame length of STFT"))
    elif window is not None:
        points = b.shape(window)[0]
    else:
        raise Unsupported("STFT with neither a window nor a frame length")
    # ONNX's shape inference takes onesided for 0 unless it is given; its default is 1.
    bins = points // 2 + 1 if attributes.integer(node, "onesided", 1) else points
    stride = int(b.required_data(step, "the step of STFT"))
    matrix = _fourier(points, points, bins, parts, 2, inverse=False)
    kernel = matrix.reshape(points, parts, bins * 2).transpose(2, 1, 0)
    x = b.transpose(b.reshape(signal, [batch, samples, parts]), [0, 2, 1])
    if window is not None:
        weights = b.required_data(window, "the window of STFT").astype(np.float32)
        kernel = kernel * weights
    found = b.op("Conv", x, np.ascontiguousarray(kernel), strides=[stride])
    return b.reshape(b.transpose(found, [0, 2, 1]), [batch, frames, bins, 2])
