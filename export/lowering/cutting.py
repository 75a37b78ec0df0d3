"""What can still be exported of a network that was refused, said beside the refusal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import onnx
import onnx_ir as ir

from _edgeship.export.graph.cut_advice import advise
from _edgeship.export.lowering.unsupported import UnsupportedNodes


@contextmanager
def advised(
    network: onnx.ModelProto | ir.Model, known: Collection[str] | None = None
) -> Iterator[None]:
    """Add to a refusal of nodes where the network can be cut around them.

    Args:
        network: The user's file, or the graph as it was before rewriting.
        known: Names of tensors that the user knows; None if all of the graph's are.

    Raises:
        UnsupportedNodes: As it was raised inside, with the options to use.
    """
    try:
        yield
    except UnsupportedNodes as error:
        proto = ir.to_proto(network) if isinstance(network, ir.Model) else network
        advice = advise(proto.graph, error.values, known, behind=error.fixed)
        if advice:
            error.todo = f"{advice}; or {error.todo}"
        raise
