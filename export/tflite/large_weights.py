"""Lets litert-quantizer quantize convolution weights above 32 MiB.

Version 0.11 takes larger tensors in pieces, so that no large intermediate value is needed, but
spreads the scales of a rank-4 tensor over two axes and so refuses every convolution of that size.
Here it is given the pieces one by one, each small enough for the way it takes with small tensors.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIMIT = 32 << 20


@contextlib.contextmanager
def large_weights() -> Iterator[None]:
    """While open, litert-quantizer quantizes tensors of any size."""
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as library

    quantize = library.uniform_quantize

    def by_pieces(
        values: NDArray[Any], parameters: Any, is_blockwise_quant: bool = False
    ) -> NDArray[Any]:
        if values.ndim < 3 or values.nbytes <= _LIMIT or is_blockwise_quant:
            result: NDArray[Any] = quantize(values, parameters, is_blockwise_quant)
            return result
        parameters = library.fix_quantization_params_rank(values, parameters)
        pieces = []
        for index in range(len(values)):
            own = {
                key: part[index : index + 1]
                for key in ("scale", "zero_point")
                if len(part := getattr(parameters, key)) > 1
            }
            pieces.append(quantize(values[index : index + 1], replace(parameters, **own)))
        return np.concatenate(pieces)

    library.uniform_quantize = by_pieces
    try:
        yield
    finally:
        library.uniform_quantize = quantize
