"""Lets litert-quantizer quantize constants under the scale of what they are joined with.

It gives a constant that is concatenated with activations, such as the class token of a transformer,
the scale of the result. Version 0.11 takes a scale of one axis for one of a channel, adds all axes
of the constant to it, and refuses what comes out. Here such scales have the constant's axes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray


@contextlib.contextmanager
def joined_constants() -> Iterator[None]:
    """While open, litert-quantizer quantizes constants of any rank by the scale of a tensor."""
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as library

    quantize = library.uniform_quantize

    def by_one_scale(
        values: NDArray[Any], parameters: Any, is_blockwise_quant: bool = False
    ) -> NDArray[Any]:
        if parameters.quantized_dimension is None and parameters.scale.size == 1:
            axes = (1,) * values.ndim
            scale, zero = parameters.scale.reshape(axes), parameters.zero_point.reshape(axes)
            parameters = replace(parameters, scale=scale, zero_point=zero)
        result: NDArray[Any] = quantize(values, parameters, is_blockwise_quant)
        return result

    library.uniform_quantize = by_one_scale
    try:
        yield
    finally:
        library.uniform_quantize = quantize
