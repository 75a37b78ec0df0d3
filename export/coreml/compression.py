"""Weights in fewer bits: linear quantization, palettes, sparse storage.

A compressed weight stands in the program as a ``constexpr`` operator, which unpacks it when the
package is loaded or while it runs. The arithmetic stays the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from _edgeship.errors import UnsupportedError
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.coreml.format.unchecked import compressed
from _edgeship.export.coreml.palettes import Array, palette
from _edgeship.export.coreml.sparsity import least_sparsity, prune_compressed, store_sparse
from _edgeship.export.coreml.weights import LEAST_ELEMENTS, PER_BLOB, results_of, weights_of

#: Scheme -> bits of the indices into a palette.
PALETTE_BITS = {"palette4": 4, "palette6": 6, "palette8": 8}

_LINEAR = ("int8", "int8-weights")


def compress(model: Any, scheme: Scheme, keep: Collection[str] = ()) -> Any:
    """Return a package with its weights stored as a scheme says.

    - ``none``, ``fp16``: as they are. From iOS 16 on, those with many zeros as a mask and the rest.
    - ``int8-weights``: symmetric int8 with a scale per output channel.
    - ``int8``: the same, small weights too, since int8 activations go with int8 weights only.
    - ``palette4``, ``palette6``, ``palette8``: one palette for each weight, by k-means.

    If a weight has many zeros, they stay zeros in all of them, and from iOS 18 on such weights are
    stored as a mask and the compressed rest. Weights that would not become smaller stay as they
    are, and so do biases.

    Args:
        model: A ``coremltools.models.MLModel`` whose weights are not compressed, in float16 for
            the schemes that compress.
        scheme: A row of the table, for an iOS that has it.
        keep: Results of operators whose weights stay as they are, by their names in float32.

    Returns:
        A new model, or the one given if there is nothing to compress.

    Raises:
        UnsupportedError: coremltools cannot compress the weights.
    """
    try:
        if scheme.name not in (*PALETTE_BITS, *_LINEAR):
            return store_sparse(model)
        weights = weights_of(model)
        names = [name for name, weight in weights.items() if is_compressed(weight, scheme)]
        if keep:
            results = results_of(names, model)
            names = [name for name in names if set(keep).isdisjoint(results[name])]
        if not names:
            return model
        if scheme.name in PALETTE_BITS:
            return _palettized(model, names, PALETTE_BITS[scheme.name])
        return _quantized(model, names)
    except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise UnsupportedError(
            f"coremltools cannot store the weights as --quant {scheme.name} says.",
            why=str(error).strip() or type(error).__name__,
        ) from error


def is_compressed(weight: Array, scheme: Scheme) -> bool:
    """Return whether a scheme compresses a weight: if that is smaller, or if it needs it.

    Args:
        weight: A constant of an uncompressed model.
        scheme: A row of the table.
    """
    if weight.dtype.kind != "f" or weight.ndim < 2 or weight.size < LEAST_ELEMENTS:
        return False
    if scheme.name in PALETTE_BITS:
        bits = PALETTE_BITS[scheme.name]
        saved = weight.size * (16 - bits) // 8
        return bool(saved > 2 * 2**bits + PER_BLOB)
    # The scale is float16, and a zero point stands beside it before iOS 18.
    smaller = weight.size > 3 * max(weight.shape[:2]) + 2 * PER_BLOB
    return scheme.name in _LINEAR and bool(scheme.calibrated or smaller)


def _quantized(model: Any, names: Collection[str]) -> Any:
    """Return the model with int8 weights: round(weight / scale), scale = largest / 127."""
    from coremltools.optimize import coreml as optimize

    config = optimize.OpLinearQuantizerConfig(
        mode="linear_symmetric", dtype="int8", granularity="per_channel", weight_threshold=0
    )
    # A channel of zeros has the scale 0, and any integer in it stands for 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        quantized = compressed(model, "linear_quantize_weights", _only(names, config))
    return prune_compressed(quantized, 8)


def _palettized(model: Any, names: Collection[str], bits: int) -> Any:
    """Return the model with a palette of 2**bits entries for each of the weights."""
    from coremltools.optimize import coreml as optimize

    def table_and_indices(weight: Array) -> tuple[Array, Array]:
        return palette(weight, bits, keep_zeros=(weight == 0).mean() >= least_sparsity(bits))

    config = optimize.OpPalettizerConfig(
        mode="custom", lut_function=table_and_indices, weight_threshold=0
    )
    palettized = compressed(model, "palettize_weights", _only(names, config))
    return prune_compressed(palettized, bits)


def _only(names: Collection[str], config: Any) -> Any:
    """Return coremltools' settings that compress these weights and nothing else."""
    from coremltools.optimize import coreml as optimize

    return optimize.OptimizationConfig(op_name_configs=dict.fromkeys(names, config))
