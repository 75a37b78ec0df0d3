"""From a PyTorch module or an ONNX file to an ONNX graph with static shapes."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir as ir

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.graph.shapes import Shape

if TYPE_CHECKING:
    from torch import nn

#: Old enough for every reader of ONNX in the field, new enough for each operator used here.
OPSET = 18


def capture_module(module: nn.Module, shapes: Sequence[Shape]) -> ir.Model:
    """Export a module in eval mode with ``torch.onnx.export(dynamo=True)``.

    Args:
        module: The network, on the CPU.
        shapes: Shape of each float32 input, batch first (NCHW).

    Raises:
        UnsupportedError: If torch cannot export the network; ``why`` is torch's own reason.
    """
    import torch

    inputs = tuple(torch.zeros(shape) for shape in shapes)
    try:
        with _quiet(), torch.no_grad():
            module(*inputs)
    except Exception as error:
        raise InputError(
            f"the network does not run on inputs of shape {_list(shapes)}.",
            where="capture",
            why=_first_line(error),
            todo="give the shapes it expects, batch first, for example --input 1,3,224,224",
        ) from error
    try:
        with _quiet():
            program = torch.onnx.export(
                module.eval(), inputs, dynamo=True, opset_version=OPSET, verbose=False
            )
    except Exception as error:
        raise UnsupportedError(
            "torch could not turn the network into ONNX.",
            where="capture",
            why=_first_line(error),
            todo="see https://pytorch.org/docs/stable/onnx.html for what torch.export needs",
        ) from error
    if program is None:
        raise UnsupportedError("torch.onnx.export returned no program.", where="capture")
    # The exporter keeps torch's tensors; a round trip through the protobuf makes the graph plain.
    return ir.from_proto(ir.to_proto(program.model))


def read_onnx(path: Path, shapes: Sequence[Shape]) -> ir.Model:
    """Read an ONNX file and fix its input shapes.

    Args:
        path: The file.
        shapes: Shape of each input in the file's order, or nothing to use the file's own.

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
        proto = onnx.shape_inference.infer_shapes(onnx.load(str(path)))
        onnx.checker.check_model(proto)
        model = ir.from_proto(proto)
    except Exception as error:
        raise InputError(
            f"{path} is not a readable ONNX model.",
            why=_first_line(error),
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
                f"--input {_list([wanted])} does not fit the input {_signature(value)} of {path}."
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
    return f"--input {_list([fixed])}"


def _signature(value: ir.Value) -> str:
    dims = ", ".join(str(d) for d in value.shape or ())
    return f"{value.name} ({dims})"


def _list(shapes: Sequence[Sequence[int]]) -> str:
    return " and ".join(",".join(str(extent) for extent in shape) for shape in shapes)


def _first_line(error: Exception) -> str:
    """Return the innermost cause's first line: torch wraps the reason in layers of advice."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks (about torchvision, its own deprecations) off the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
