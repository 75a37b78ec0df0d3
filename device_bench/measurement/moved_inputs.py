"""What a quantized network makes of inputs that differ as little as rounding does.

Accelerators compute quantized files with floats in between: they round as often as a CPU, but not
alike, and how far that carries depends on the network. So a network is measured by itself. Six
int8 files on LiteRT's GPU accelerator kept from 2 dB below to 10 dB above what moved inputs left of
their outputs (8 to 35 dB); of a file that it computes wrong, nothing was kept where that left 35.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

_SEED = 1
_DRAWS = 3


def kept_if_moved(
    run: Callable[[Sequence[np.ndarray]], list[np.ndarray]],
    inputs: Sequence[np.ndarray],
    feeds: Sequence[Mapping[str, Any]],
    outputs: Sequence[np.ndarray],
    details: Sequence[Mapping[str, Any]],
) -> float:
    """Return the SQNR in dB that outputs keep when inputs move: the least of a few draws.

    Args:
        run: Computes outputs from inputs.
        inputs: One array for each input, as the file stores it.
        feeds: The interpreter's description of each input.
        outputs: What ``run`` makes of them.
        details: The interpreter's description of each output.
    """
    from _edgeship.export.runtimes.affine import dequantize
    from _edgeship.export.verification.metrics import compare

    def real(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [dequantize(array, detail) for array, detail in zip(arrays, details, strict=True)]

    generator = np.random.default_rng(_SEED)
    kept = []
    for _ in range(_DRAWS):
        moved = [
            _moved(array, detail, generator) for array, detail in zip(inputs, feeds, strict=True)
        ]
        kept.append(compare([real(outputs)], [real(run(moved))]).sqnr_db)
    return min(kept)


def _moved(
    array: np.ndarray, detail: Mapping[str, Any], generator: np.random.Generator
) -> np.ndarray:
    """Return an input of which each value has moved by up to half a step of 8 bits of its range."""
    from _edgeship.export.runtimes.affine import dequantize, quantize

    quantized = len(detail["quantization_parameters"]["scales"]) > 0
    if not quantized and not np.issubdtype(array.dtype, np.floating):
        return array
    given = dequantize(array, detail)
    # Integers that move by half a step are rounded back to what they were.
    reach = np.abs(given).max() / 255 * (2 if quantized else 1)
    shaken = given + generator.uniform(-reach, reach, given.shape)
    return quantize(shaken.astype(np.float32), detail)
