"""The table of decompositions: ONNX operator -> the function that writes it in simpler ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.lowering.registry import phrases, registering

#: What a decomposition returns: the node's outputs, in order. An output that nobody reads may be
#: None, or left out at the end; a single value may stand for a list of one.
Results = ir.Value | Sequence[ir.Value | None]

Decomposition = Callable[[Builder, ir.Node], Results]

#: ONNX operator -> its decomposition. Raising Unsupported says why a node cannot be decomposed.
DECOMPOSITIONS: dict[str, Decomposition] = {}

#: ``@decomposes("Softplus")`` enters a function into the table.
decomposes = registering(DECOMPOSITIONS)


def with_composed(lowerings: Mapping[str, object]) -> dict[str, str]:
    """Return ONNX operator -> how a target writes it: natively, or composed of simpler ones.

    Args:
        lowerings: The target's own table.
    """
    composed = {name: f"Composed: {phrase}" for name, phrase in phrases(DECOMPOSITIONS).items()}
    return dict(sorted({**composed, **phrases(lowerings)}.items()))
