"""Find the first value of a program that departs from the graph it was made from.

The runtime's own logger (``IntermediateLogger``) hands out every value of a run, ShuffleNet's 181
among 1,628, but calls them by the numbers of its compiled operators. What these were in the program
only private functions of coreai-core tell, in debug information of a form of its own. So the graph
is lowered again, in the same way, with its inner values as further outputs, which have names: in
pieces, because each of them takes memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import onnx_ir as ir

from _edgeship.export.coreai.execution import run_program
from _edgeship.export.coreai.format.asset import asset_of
from _edgeship.export.coreai.lowering import Lowered
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.divergence import onnx_values, out_of_tolerance
from _edgeship.export.verification.metrics import compare

#: Inner values that are looked at in one run.
_AT_ONCE = 48


@dataclass(frozen=True)
class Divergence:
    """The first value that is out of tolerance.

    Attributes:
        name: In the ONNX graph.
        op: The operator of the graph that computes it.
        sqnr_db: Signal to quantization noise in dB.
    """

    name: str
    op: str
    sqnr_db: float


def first_divergence(
    graph: ir.Model,
    lower: Callable[[Collection[str]], Lowered],
    sample: Sample,
    min_sqnr_db: float | None,
    exact: ir.Model | None = None,
) -> Divergence | None:
    """Walk the values of a graph in order, and return the first that its program computes wrong.

    Args:
        graph: What the program was made from.
        lower: Lowers it with the values of these names as further outputs.
        sample: What both take.
        min_sqnr_db: The SQNR in dB that a value must reach; None for the tolerance of float.
        exact: The graph whose values are compared with, where that is another: the network before
            its values were rounded.

    Raises:
        VerificationError: The runtime fails.
    """
    makers = {
        str(value.name): node.op_type
        for node in graph.graph
        for value in node.outputs
        if value.name and value.dtype is not None and value.dtype.is_floating_point()
    }
    expected = onnx_values(serialize(exact or graph), set(makers), sample)
    names = [name for name in makers if name in expected]
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        lowered = lower(some)
        [found] = run_program(asset_of(lowered.program), lowered.io, [sample])
        computed = {
            port.onnx_name: array for port, array in zip(lowered.io.outputs, found, strict=True)
        }
        for name in some:
            if name not in computed:
                continue
            parity = compare([[expected[name]]], [[computed[name]]])
            if out_of_tolerance(parity, min_sqnr_db):
                return Divergence(name, makers[name], parity.sqnr_db)
    return None
