"""A part of a PyTorch network, between tensors of its captured graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.definition import Definition

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.runtimes.values import Outputs, Sample


class Part:
    """A part of a network that is no graph itself; see `definition.Definition`.

    Only ONNX Runtime can run a part on its own, so its reference is the part of the captured graph.
    Where the part is fed with the network's own inputs, that graph is compared with the network
    first.
    """

    reference = "a part of the captured graph, in ONNX Runtime"
    is_graph = True
    capture_kind = "float"
    heads = ()

    def __init__(self, whole: Definition, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Take what the user wrote.

        Args:
            whole: The network.
            inputs: Names of the captured graph's tensors that the part is fed with; none for the
                network's own inputs.
            outputs: Names of those that it gives; none for the network's own outputs.
        """
        self._whole = whole
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._captured: ir.Model | None = None
        self._part: ir.Model | None = None

    @property
    def folds(self) -> bool:
        """Whether training branches were folded by the capture."""
        return self._whole.folds

    @property
    def traced(self) -> str:
        """Why the network was traced as TorchScript, or ""."""
        return self._whole.traced

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the part of the captured graph.

        Args:
            shapes: Shape of each input of the whole network, batch first.

        Raises:
            InputError: The network does not run on inputs of such shapes, or its graph cannot be
                cut at such names.
            UnsupportedError: It cannot be expressed in ONNX.
        """
        import onnx_ir as ir

        from _edgeship.export.preparation.cut import cut
        from _edgeship.export.preparation.prepare import prepare_captured

        self._captured = self._whole.capture(shapes)
        proto = cut(ir.to_proto(self._captured), self._inputs, self._outputs)
        self._part = prepare_captured(ir.from_proto(proto))
        return self._part

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs of the part per sample; known after `capture`.

        Raises:
            VerificationError: The captured graph computes something else than the network.
        """
        from _edgeship.export.graph.onnx_graph import serialize
        from _edgeship.export.runtimes.running import run_onnx
        from _edgeship.export.verification.demand import demand

        if self._captured is None or self._part is None:
            raise RuntimeError("a part is captured before it is run")
        if not self._inputs:
            whole = run_onnx(serialize(self._captured), samples)
            demand(self._whole.run(samples), whole, "float", "capture of the whole network")
        return run_onnx(serialize(self._part), samples)

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Run it likewise: the part holds the size of its batch."""
        return self.run(samples)

    def parameters(self) -> int | None:
        """Return how many numbers the parameters of the part hold; known after `capture`."""
        from _edgeship.export.graph import cost

        if self._part is None:
            raise RuntimeError("a part is captured before its parameters are counted")
        return cost.parameters(self._part)

    def close(self) -> None:
        """Release the network."""
        self._whole.close()
