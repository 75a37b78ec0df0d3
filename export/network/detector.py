"""A detector whose joined outputs are taken apart into boxes and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import Definition
from _edgeship.export.network.wrapper import Wrapper

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.detection.heads import Head
    from _edgeship.export.runtimes.values import Outputs, Sample


class Detector(Wrapper):
    """A network with an output for each part of those that join several; see `Definition`.

    Attributes:
        whole: The network as it is.
    """

    def __init__(self, whole: Definition, *, apart: bool = False) -> None:
        """Take the network.

        Args:
            whole: The network.
            apart: Whether its boxes and scores may be outputs of their own already.
        """
        self.whole = whole
        self._apart_already = apart
        self._heads: list[Head | None] = []

    @property
    def heads(self) -> list[Head]:
        """The outputs that were taken apart; known after `capture`."""
        return [head for head in self._heads if head is not None]

    @property
    def is_graph(self) -> bool:
        """False: the graph computes the parts before they are joined, the network after it."""
        return False

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the network as an ONNX graph whose outputs are apart.

        Raises:
            InputError: As of the network; or no output joins boxes and scores.
            UnsupportedError: As of the network.
        """
        import onnx_ir as ir

        from _edgeship.export.detection.heads import find_heads
        from _edgeship.export.detection.split import split
        from _edgeship.export.graph.onnx_graph import infer_shapes
        from _edgeship.export.passes.scatter_to_concat import scatter_to_concat

        captured = ir.from_proto(ir.to_proto(self.whole.capture(shapes)))
        # Some write decoded boxes into a slice of the joined tensor.
        if scatter_to_concat(captured):
            captured = infer_shapes(captured)
        found = find_heads(captured.graph, needed=not self._apart_already)
        heads = {head.output: head for head in found}
        self._heads = [heads.get(value.name or "") for value in captured.graph.outputs]
        return split(captured, list(heads.values()))

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the parts of the network's own outputs; known after `capture`."""
        return [self._apart(outputs) for outputs in self.whole.run(samples)]

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Return the same; the split holds the size of the batch."""
        return self.run(samples)

    def _apart(self, outputs: Sequence[Any]) -> list[Any]:
        parts: list[Any] = []
        for array, head in zip(outputs, self._heads, strict=True):
            if head is None:
                parts.append(array)
            else:
                ends = np.cumsum([part.width for part in head.parts])[:-1]
                parts += np.split(array, ends.tolist(), head.axis)
        return parts
