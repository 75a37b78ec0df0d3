"""Composite operators written in simpler ones: once, for every target that has none of its own."""

from __future__ import annotations

from _edgeship.export.decompositions import (
    activation,
    einsum,
    elementary,
    indexing,
    normalization,
    reductions,
    shapes,
)
from _edgeship.export.decompositions.decompose import Decomposer, decompose, named
from _edgeship.export.decompositions.registry import DECOMPOSITIONS

__all__ = [
    "DECOMPOSITIONS",
    "Decomposer",
    "activation",
    "decompose",
    "einsum",
    "elementary",
    "indexing",
    "named",
    "normalization",
    "reductions",
    "shapes",
]
