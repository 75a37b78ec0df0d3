"""What defines a network: a live PyTorch module, or an ONNX file.

A third kind is `user_process.UserProcess`: a module that lives in a process of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network import torch_network

if TYPE_CHECKING:
    import onnx_ir as ir
    from torch import nn

    from _edgeship.export.detection.heads import Head
    from _edgeship.export.network.capture import Opened
    from _edgeship.export.runtimes.values import Outputs, Sample


class Definition(Protocol):
    """What a network is defined by. The stages compare every file with what this computes.

    Attributes:
        reference: What its outputs come from, for the manifest.
        is_graph: Whether `capture` returns the definition itself, so that comparing the two would
            say nothing.
        capture_kind: The tolerance, a key of `export.verification.tolerance.TOLERANCES`, of what
            was captured. Where it is not "float", later stages are compared with what was captured.
        folds: Whether `capture` folded training branches; known after it.
        traced: Why `capture` traced the network as TorchScript, or ""; known after it.
        heads: The outputs that `capture` took apart, if it does so; known after it.
    """

    @property
    def reference(self) -> str: ...  # noqa: D102

    @property
    def is_graph(self) -> bool: ...  # noqa: D102

    @property
    def capture_kind(self) -> str: ...  # noqa: D102

    @property
    def folds(self) -> bool: ...  # noqa: D102

    @property
    def traced(self) -> str: ...  # noqa: D102

    @property
    def heads(self) -> Sequence[Head]: ...  # noqa: D102

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

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Return the same for samples of any number of pictures, where it can.

        Raises:
            EdgeshipError: It holds the size of its batch.
        """

    def parameters(self) -> int | None:
        """Return how many numbers its parameters hold; known after `capture`, None if unknown."""

    def close(self) -> None:
        """Release what it holds; it is neither captured nor run after this."""


class LiveModule:
    """A module of this process; see `Definition`. The module is left as it is.

    Attributes:
        module: In float32, on the CPU; the user's own, or a copy where that is something else.
    """

    reference = "torch"
    is_graph = False
    capture_kind = "float"
    heads = ()

    def __init__(self, module: nn.Module, dtypes: Sequence[str] = ()) -> None:
        self.module = module if _is_plain(module) else _plain_copy(module)
        self.folds = False
        self.traced = ""
        self._dtypes = tuple(dtypes)

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:  # noqa: D102
        from _edgeship.export.network.capture import capture_module, our_errors
        from _edgeship.export.preparation.prepare import prepare_captured

        with our_errors():
            folded = torch_network.folded(self.module)
        self.folds = folded is not None
        graph, self.traced = capture_module(folded or self.module, shapes, self._dtypes)
        return prepare_captured(graph)

    def run(self, samples: Sequence[Sample]) -> Outputs:  # noqa: D102
        from _edgeship.export.network.capture import our_errors

        with our_errors():
            return torch_network.run(self.module, [list(sample.values()) for sample in samples])

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:  # noqa: D102
        return self.run(samples)

    def parameters(self) -> int:  # noqa: D102
        return torch_network.parameters(self.module)

    def close(self) -> None:  # noqa: D102
        pass


class OnnxFile:
    """An ONNX file; see `Definition`. It is run as it was written, and captured prepared."""

    is_graph = False
    folds = False
    traced = ""
    heads = ()

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._problem = ""

    @property
    def reference(self) -> str:
        """The file itself, or the prepared graph where ONNX Runtime does not run the file."""
        if self._problem:
            return f"the prepared graph: ONNX Runtime does not run the file ({self._problem})"
        return "the ONNX file"

    @property
    def capture_kind(self) -> str:
        """A file that computes in fewer bits rounds what the prepared graph does not."""
        if self._opened.prepared.given is not None:
            return "int8"
        return "fp16" if self._opened.prepared.half else "float"

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:  # noqa: D102
        return self._opened.prepared.model  # it was read with these shapes

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs of the file as it was written, or as `reference` says after this."""
        from _edgeship.export.graph.onnx_graph import serialize
        from _edgeship.export.network.onnx_reading import as_declared
        from _edgeship.export.runtimes.running import run_onnx

        original = self._opened.original
        plain = self._opened.prepared.given is not None  # as its Q and DQ say, not as fused
        try:
            declared = as_declared(original, samples)
            return run_onnx(original.SerializeToString(), declared, plain=plain)
        except VerificationError as error:
            outputs = run_onnx(serialize(self._opened.prepared.model), samples)
            self._problem = error.why.splitlines()[0]
            return outputs

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs of the file as it was written, for batches of any size.

        Raises:
            VerificationError: ONNX Runtime does not run it, or it holds the size of its batch.
        """
        from _edgeship.export.network.onnx_reading import as_declared
        from _edgeship.export.preparation.inputs import OPEN_BATCH, with_open_batch
        from _edgeship.export.runtimes.running import run_onnx

        names = self._opened.prepared.model.metadata_props.get(OPEN_BATCH, "").split(",")
        original = with_open_batch(self._opened.original, names)
        return run_onnx(original.SerializeToString(), as_declared(original, samples))

    def parameters(self) -> int | None:  # noqa: D102
        from _edgeship.export.graph import cost

        return cost.parameters(self._opened.prepared.model)

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
