"""A small network with every kind of weight, and its packages."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import Precision, convert
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.schemes import SCHEMES
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.tflite.ops.harness import rand

COMPRESSED = ["int8-weights", "palette8", "palette6", "palette4"]

TEXT = """g (float[1, 3, 12, 12] x) => (float[1, 5] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, first, bias)
    b = Relu(a)
    c = Conv(b, pruned)
    d = Relu(c)
    e = Conv<pads = [1, 1, 1, 1], group = 32>(d, small)
    f = ConvTranspose<strides = [2, 2]>(e, upwards)
    g = GlobalAveragePool(f)
    h = Flatten(g)
    y = Gemm<transB = 1>(h, matrix)
}"""

#: In the order in which the program reads them, and the bias.
SHAPES = {
    "first": (128, 3, 3, 3),
    "pruned": (32, 128, 2, 2),
    "small": (32, 1, 3, 3),
    "upwards": (32, 40, 2, 2),
    "matrix": (5, 40),
    "bias": (128,),
}


def network() -> onnx.ModelProto:
    """Half of the weight ``pruned`` is zero, two of its channels entirely."""
    model = parse(TEXT)
    for seed, (name, shape) in enumerate(SHAPES.items()):
        array = rand(*shape, seed=seed) / np.float32(np.sqrt(np.prod(shape[1:])))
        if name == "pruned":
            array[np.abs(array) < 0.045] = 0
            array[5:7] = 0
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return model


def stored(name: str) -> NDArray[Any]:
    """The weight in float16, as it is before it is compressed."""
    [tensor] = [one for one in network().graph.initializer if one.name == name]
    return onnx.numpy_helper.to_array(tensor).astype(np.float16)


@functools.cache
def converted(ios: int, precision: Precision = "float16") -> Any:
    """The network as coremltools' model, with its weights as they are."""
    return convert(lower_model(network(), ios), ios, precision)


@functools.cache
def package(scheme: str, ios: int) -> dict[str, bytes]:
    """The network's package, without activations in 8 bits."""
    precision: Precision = "float32" if scheme == "none" else "float16"
    return package_of(compress(converted(ios, precision), SCHEMES[scheme]))


def dense(ios: int, precision: Precision = "float16") -> dict[str, bytes]:
    """The package with its weights as they are."""
    return package_of(converted(ios, precision))
