"""From a PyTorch module or an ONNX file to an ONNX graph with static shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir as ir

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network import user_program
from _edgeship.export.network.user_program import first_line, list_shapes
from _edgeship.export.preparation.cut import cut

if TYPE_CHECKING:
    from torch import nn


def capture_module(module: nn.Module, shapes: Sequence[Shape]) -> ir.Model:
    """Export a module of this process with ``torch.onnx.export(dynamo=True)``.

    Args:
        module: A float32 network on the CPU. It is exported in eval mode; its mode is put back.
        shapes: Shape of each float32 input, batch first (NCHW).

    Raises:
        InputError: If the network does not run on such inputs.
        UnsupportedError: If torch cannot export the network; ``why`` is torch's own reason.
    """
    with our_errors():
        # The exporter keeps torch's tensors; a round trip through the protobuf makes the graph
        # plain.
        return ir.from_proto(user_program.to_onnx(module, shapes))


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what `user_program` refuses into an error of ours."""
    try:
        yield
    except user_program.Refused as error:
        kind = UnsupportedError if error.unsupported else InputError
        raise kind(error.what, why=error.why, todo=error.todo) from error.__cause__


def read_onnx(
    path: Path,
    shapes: Sequence[Shape],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> ir.Model:
    """Read an ONNX file, or a part of it, and fix its input shapes.

    Args:
        path: The file.
        shapes: Shape of each input in the file's order, or nothing to use the file's own.
        inputs: Names of the tensors that the part is fed with; none for the file's inputs.
        outputs: Names of the tensors that the part gives; none for the file's outputs.

    Raises:
        InputError: If the file is missing or not ONNX, has no inputs, or leaves a dimension open
            that ``shapes`` does not fix.
    """
    import onnx

    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}.", todo="check the path of the .onnx file")
    try:
        # Some writers leave the outputs' shapes out; the checker then calls the file invalid.
        proto = cut(onnx.load(str(path)), inputs, outputs)
        proto = onnx.shape_inference.infer_shapes(proto)
        onnx.checker.check_model(proto)
        model = ir.from_proto(proto)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path} is not a readable ONNX model.",
            why=first_line(error),
            todo="check that the file is complete, for example with onnx.checker.check_model",
        ) from error
    _fix_shapes(model, shapes, path)
    return infer_shapes(model)


def _fix_shapes(model: ir.Model, shapes: Sequence[Shape], path: Path) -> None:
    inputs = [value for value in model.graph.inputs if not value.is_initializer()]
    if not inputs:
        raise InputError(f"{path} has no inputs.")
    if shapes and len(shapes) != len(inputs):
        raise InputError(
            f"{path} has {len(inputs)} inputs, and --input was given {len(shapes)} times.",
            why="its inputs are " + ", ".join(_signature(value) for value in inputs),
        )
    for index, value in enumerate(inputs):
        if value.shape is None:
            raise InputError(f"the input {value.name} of {path} has no shape at all.")
        declared = list(value.shape)
        if not shapes:
            open_dims = [str(d) for d in declared if not _is_fixed(d)]
            if open_dims:
                raise InputError(
                    f"{path} leaves the dimension {', '.join(open_dims)} of its input "
                    f"{_signature(value)} open.",
                    todo="fix it, for example " + " ".join(map(_example, inputs)),
                )
            continue
        wanted = shapes[index]
        agrees = len(wanted) == len(declared) and all(
            not _is_fixed(d) or d == w for d, w in zip(declared, wanted, strict=True)
        )
        if not agrees:
            raise InputError(
                f"--input {list_shapes([wanted])} does not fit the input {_signature(value)} of "
                f"{path}."
            )
        value.shape = ir.Shape(wanted)
    if shapes:
        _forget_inferred_shapes(model.graph)


def _forget_inferred_shapes(graph: ir.Graph) -> None:
    """Drop what was inferred for open dimensions: it would contradict the fixed ones.

    The rank of an output stays, since an ONNX file must say it.
    """
    for node in graph:
        for output in node.outputs:
            known = output.shape if output.is_graph_output() else None
            output.shape = None if known is None else ir.Shape([None] * len(known))


def _is_fixed(extent: int | ir.SymbolicDim) -> bool:
    """Return whether a dimension is a number; some writers mark an open one with -1 or 0."""
    return isinstance(extent, int) and extent > 0


def _example(value: ir.Value) -> str:
    """Return an ``--input`` for the value: a batch of 1, and 224 for other open extents."""
    fixed = [
        int(str(extent)) if _is_fixed(extent) else 224 if axis else 1
        for axis, extent in enumerate(value.shape or ())
    ]
    return f"--input {list_shapes([fixed])}"


def _signature(value: ir.Value) -> str:
    dims = ", ".join(str(d) for d in value.shape or ())
    return f"{value.name} ({dims})"
