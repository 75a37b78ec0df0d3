"""Sparse storage: a weight with many zeros as a mask and the numbers that are not zero."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from _edgeship.export.coreml.format.library import coremltools
from _edgeship.export.coreml.format.unchecked import compressed
from _edgeship.export.coreml.weights import ios_of, weights_of

#: Weights of no more elements are stored densely: another array and operator would cost more.
_LEAST_ELEMENTS = 8192

#: The iOS that brought the operators for sparse weights, and for those that are compressed, too.
_FIRST_IOS = 16
_FIRST_IOS_WITH_BOTH = 18


def least_sparsity(bits: int) -> float:
    """Return the share of zeros from which a weight is stored sparse.

    The mask takes one bit for each element; half of these zeros make up for it.

    Args:
        bits: Width of an element that is stored densely.
    """
    return 2 / bits


def is_sparse(weight: NDArray[Any], bits: int) -> bool:
    """Return whether a weight takes clearly less room if it is stored sparse."""
    sparsity = float((weight == 0).mean())
    return weight.size > _LEAST_ELEMENTS and sparsity >= least_sparsity(bits)


def store_sparse(model: Any) -> Any:
    """Return a model with its floating point weights stored sparse where that is smaller.

    No number changes.

    Args:
        model: A ``coremltools.models.MLModel``.

    Returns:
        A new model, or the one given if nothing changes.
    """
    if ios_of(model) < _FIRST_IOS:
        return model
    names = [
        name
        for name, weight in weights_of(model).items()
        if is_sparse(weight, 8 * weight.dtype.itemsize)
    ]
    if not names:
        return model
    coremltools()
    from coremltools.optimize import coreml as optimize

    config = optimize.OpThresholdPrunerConfig(
        threshold=0.0, minimum_sparsity_percentile=0.0, weight_threshold=0
    )
    configs = optimize.OptimizationConfig(op_name_configs=dict.fromkeys(names, config))
    return compressed(model, "prune_weights", configs)


def prune_compressed(model: Any, bits: int) -> Any:
    """Return a model with its compressed weights stored sparse where that is smaller.

    No number changes. Before iOS 18 a weight is either compressed or sparse.

    Args:
        model: A ``coremltools.models.MLModel`` with weights that are quantized or have palettes.
        bits: Width of a compressed element.
    """
    if ios_of(model) < _FIRST_IOS_WITH_BOTH:
        return model
    coremltools()
    from coremltools.optimize import coreml as optimize

    config = optimize.OpThresholdPrunerConfig(
        threshold=0.0,
        minimum_sparsity_percentile=least_sparsity(bits),
        weight_threshold=_LEAST_ELEMENTS,
    )
    configs = optimize.OptimizationConfig(global_config=config)
    return compressed(model, "prune_weights", configs, joint_compression=True)
