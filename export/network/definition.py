"""What defines a network: a live PyTorch module, or an ONNX file.

A third kind is `user_process.UserProcess`: a module that lives in a process of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network import user_program

if TYPE_CHECKING:
    import onnx_ir as ir
    from torch import nn

    from _edgeship.export.runtimes.values import Outputs, Sample


class Definition(Protocol):
    """What a network is defined by. The stages compare every file with what this computes.

    Attributes:
        reference: What its outputs come from, for the manifest.
        is_graph: Whether `capture` returns the definition itself, so that comparing the two would
            say nothing.
        folds: Whether `capture` folded training branches; known after it.
    """

    @property
    def reference(self) -> str: ...  # noqa: D102

    @property
    def is_graph(self) -> bool: ...  # noqa: D102

    @property
    def folds(self) -> bool: ...  # noqa: D102

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the network as an ONNX graph with static shapes.

        Args:
            shapes: Shape of each input, batch first.

        Raises:
            InputError: The network does not run on inputs of such shapes.
            UnsupportedError: It cannot be expressed in ONNX.
        """

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs per sample, in ONNX axis order; floating point as float32."""

    def parameters(self) -> int:
        """Return how many numbers its parameters hold; known after `capture`."""

    def close(self) -> None:
        """Release what it holds; it is neither captured nor run after this."""


class LiveModule:
    """A module of this process; see `Definition`. The module is left as it is.

    Attributes:
        module: In float32, on the CPU; the user's own, or a copy where that is something else.
    """

    reference = "torch"
    is_graph = False

    def __init__(self, module: nn.Module) -> None:
        self.module = module if _is_plain(module) else _plain_copy(module)
        self.folds = False

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:  # noqa: D102
        from _edgeship.export.graph.onnx_graph import infer_shapes
        from _edgeship.export.network.capture import capture_module, our_errors

        with our_errors():
            folded = user_program.folded(self.module)
        self.folds = folded is not None
        return infer_shapes(capture_module(folded or self.module, shapes))

    def run(self, samples: Sequence[Sample]) -> Outputs:  # noqa: D102
        from _edgeship.export.network.capture import our_errors

        with our_errors():
            return user_program.run(self.module, [list(sample.values()) for sample in samples])

    def parameters(self) -> int:  # noqa: D102
        return user_program.parameters(self.module)

    def close(self) -> None:  # noqa: D102
        pass


class OnnxFile:
    """The graph of an ONNX file; see `Definition`."""

    reference = "the ONNX file"
    is_graph = True
    folds = False

    def __init__(self, graph: ir.Model) -> None:
        self._graph = graph

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:  # noqa: D102
        return self._graph  # it was read with these shapes

    def run(self, samples: Sequence[Sample]) -> Outputs:  # noqa: D102
        from _edgeship.export.graph.onnx_graph import serialize
        from _edgeship.export.runtimes.running import run_onnx

        return run_onnx(serialize(self._graph), samples)

    def parameters(self) -> int:  # noqa: D102
        from _edgeship.export.graph import cost

        return cost.parameters(self._graph)

    def close(self) -> None:  # noqa: D102
        pass


def _is_plain(module: nn.Module) -> bool:
    """Return whether a module is on the CPU, and its floating-point tensors are float32."""
    import torch

    return all(
        tensor.device.type == "cpu"
        and (tensor.dtype == torch.float32 or not tensor.is_floating_point())
        for tensors in (module.parameters(), module.buffers())
        for tensor in tensors
    )


def _plain_copy(module: nn.Module) -> nn.Module:
    try:
        copied = copy.deepcopy(module).cpu().float()
    except Exception as error:  # copying runs the user's own code
        raise InputError(
            "The network cannot be copied to the CPU in float32.",
            why=f"{type(error).__name__}: {error}",
            todo="give it there: module.cpu().float()",
        ) from error
    return copied
