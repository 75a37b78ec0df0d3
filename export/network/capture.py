"""From a PyTorch module or an ONNX file to an ONNX graph with static shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir as ir

from _edgeship.at_risk import at_risk
from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.torch_export import to_onnx
from _edgeship.export.network.torch_network import Refused

if TYPE_CHECKING:
    import onnx
    from torch import nn

    from _edgeship.export.preparation.prepare import Prepared

#: How long an ONNX file may be read and prepared. The largest networks that were tried take 20 s.
READING_S = 300

#: How much more memory that may take, beside so many times the size of the file.
READING_GIB = 3
_COPIES = 12


def capture_module(
    module: nn.Module, shapes: Sequence[Shape], dtypes: Sequence[str] = ()
) -> tuple[ir.Model, str]:
    """Export a module of this process with ``torch.onnx.export``.

    Args:
        module: A float32 network on the CPU. It is exported in eval mode; its mode is put back.
        shapes: Shape of each input, batch first (NCHW).
        dtypes: Type of each input; float32 for all if there are none.

    Returns:
        The graph, and why the network was traced as TorchScript; "" if it was not.

    Raises:
        InputError: If the network does not run on such inputs.
        UnsupportedError: If torch cannot export the network; ``why`` is torch's own reason.
    """
    with our_errors():
        # The exporter keeps torch's tensors; a round trip through the protobuf makes the graph
        # plain.
        proto, traced = to_onnx(module, shapes, dtypes)
        return ir.from_proto(proto), traced


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what the files about torch refuse into an error of ours."""
    try:
        yield
    except Refused as error:
        kind = UnsupportedError if error.unsupported else InputError
        raise kind(error.what, why=error.why, todo=error.todo) from error.__cause__


def read_onnx(
    path: Path,
    shapes: Sequence[Shape],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> ir.Model:
    """Return the prepared graph of an ONNX file, or of a part of it; see `open_onnx`."""
    return open_onnx(path, shapes, inputs, outputs).prepared.model


@dataclass(frozen=True)
class Opened:
    """An ONNX file, or a part of it, for fixed shapes.

    Attributes:
        original: What the file says, with its inputs fixed and nothing else changed.
        prepared: The graph that is compiled.
    """

    original: onnx.ModelProto
    prepared: Prepared


def open_onnx(
    path: Path,
    shapes: Sequence[Shape],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    *,
    unsuppressed: bool = False,
) -> Opened:
    """Read an ONNX file, or a part of it, and prepare it for fixed input shapes.

    Args:
        path: The file.
        shapes: Shape of each input in the file's order, or nothing to use the file's own.
        inputs: Names of the tensors that the part is fed with; none for the file's inputs.
        outputs: Names of the tensors that the part gives; none for the file's outputs.
        unsuppressed: Whether the part of a file that picks its own boxes gives what it picks from,
            where no outputs are named.

    Raises:
        InputError: The file is missing or not ONNX, has no inputs, leaves an axis open that
            ``shapes`` does not fix, or does not fit together.
        UnsupportedError: A shape depends on what the network is fed, or an operator is unknown.
    """
    from _edgeship.export.network.onnx_reading import load

    with at_risk(f"Reading {path}", seconds=READING_S):
        whole = load(path)
        # With the data that lie beside it.
        memory = READING_GIB + _COPIES * whole.ByteSize() / 2**30
        with at_risk(f"Preparing {path}", gigabytes=memory):
            return _opened(whole, shapes, inputs, outputs, unsuppressed)


def _opened(
    whole: onnx.ModelProto,
    shapes: Sequence[Shape],
    inputs: Sequence[str],
    outputs: Sequence[str],
    unsuppressed: bool,
) -> Opened:
    from _edgeship.export.graph.flow import Flow
    from _edgeship.export.graph.suppression import boxes_and_scores
    from _edgeship.export.lowering.cutting import advised
    from _edgeship.export.preparation.cut import cut
    from _edgeship.export.preparation.inputs import fix_inputs
    from _edgeship.export.preparation.prepare import prepare_fixed

    picked = boxes_and_scores(Flow(whole.graph)) if unsuppressed and not outputs else None
    original, notes = fix_inputs(cut(whole, inputs, picked or outputs), shapes)
    if picked:
        notes = [
            *notes,
            f"The suppression in the file is left out: boxes are picked from {picked[0]} and "
            f"{picked[1]}.",
        ]
    with advised(original):
        prepared = prepare_fixed(original)
    return Opened(original, replace(prepared, notes=(*notes, *prepared.notes)))
