"""Composite operators written in simpler ones: once, for every target that has none of its own."""

from __future__ import annotations

from _edgeship.export.decompositions import (
    activation,
    attention,
    convolution,
    deformable,
    einsum,
    elementary,
    indexing,
    normalization,
    pooling,
    quantization,
    recurrent,
    reductions,
    resizing,
    sampling,
    shapes,
    signal,
    transposed_convolution,
)
from _edgeship.export.decompositions.decompose import Decomposer, decompose, named
from _edgeship.export.decompositions.registry import DECOMPOSITIONS, with_composed

__all__ = [
    "DECOMPOSITIONS",
    "Decomposer",
    "activation",
    "attention",
    "convolution",
    "decompose",
    "deformable",
    "einsum",
    "elementary",
    "indexing",
    "named",
    "normalization",
    "pooling",
    "quantization",
    "recurrent",
    "reductions",
    "resizing",
    "sampling",
    "shapes",
    "signal",
    "transposed_convolution",
    "with_composed",
]
