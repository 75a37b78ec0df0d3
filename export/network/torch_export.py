"""From a PyTorch network to ONNX, by torch's exporter, or by a trace where that fails.

The process of a user's network uses this file too: of edgeship it imports `torch_network.py` and
`port_names.py` alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from _edgeship.export.network.torch_network import Refused, eval_mode, items_of

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir
    from torch import Tensor, nn

#: Old enough for every reader of ONNX in the field, new enough for each operator used here.
OPSET = 18


def to_onnx(
    module: nn.Module, shapes: Sequence[Sequence[int]], dtypes: Sequence[str] = ()
) -> tuple[onnx.ModelProto, str]:
    """Export a module with ``torch.onnx.export``.

    What ``torch.export`` cannot take is traced by the exporter for TorchScript: that follows the
    path which one input takes through the code, and the caller compares the two on others.

    Args:
        module: A float32 network on the CPU. It is exported in eval mode; its mode is put back.
        shapes: Shape of each input, batch first (NCHW).
        dtypes: Type of each input, by torch's name; float32 for all if there are none.

    Returns:
        The graph, and why the network was traced; "" if it was not. Inputs are called as the
        network's ``forward`` calls them, and outputs as `output_names` says.

    Raises:
        Refused: The network does not run on such inputs, or torch cannot export it; ``why`` is
            torch's own reason.
    """
    import torch

    kinds = [getattr(torch, dtype) for dtype in dtypes or ["float32"] * len(shapes)]
    inputs = tuple(
        torch.zeros(*shape, dtype=kind, device="cpu")
        for shape, kind in zip(shapes, kinds, strict=True)
    )
    with eval_mode(module):
        try:
            with _quiet(), torch.no_grad():
                result = module(*inputs)
        except Exception as error:
            raise Refused(
                f"The network does not run on inputs of shape {list_shapes(shapes)}.",
                why=first_line(error),
                todo="give the shapes it expects, batch first, for example --input 1,3,224,224; "
                "of integers, with their type: --input 1,16:int64",
            ) from error
        try:
            return _named(_exported(module, inputs, result), module, inputs, result), ""
        except Exception as error:
            reason = first_line(error)
        try:
            return _named(_traced(module, inputs), module, inputs, result), reason
        except Exception as error:
            raise Refused(
                "torch could not turn the network into ONNX.",
                why=f"{reason}; and the exporter for TorchScript: {first_line(error)}",
                todo="see https://pytorch.org/docs/stable/onnx.html for what torch.export needs",
                unsupported=True,
            ) from error


def _exported(module: nn.Module, inputs: tuple[Tensor, ...], result: object) -> ir.Model:
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        raise TypeError("it is a TorchScript module")
    with _quiet():
        _register(result)
        program = torch.onnx.export(
            module,
            inputs,
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    return program.model


def _traced(module: nn.Module, inputs: tuple[Tensor, ...]) -> ir.Model:
    import onnx
    import onnx_ir as ir
    import torch

    written = io.BytesIO()
    export: Any = torch.onnx.export  # which takes a stream for traces alone
    with _quiet():
        export(
            module,
            inputs,
            written,
            dynamo=False,
            opset_version=OPSET,
        )
    return ir.from_proto(onnx.load_model_from_string(written.getvalue()))


def _named(
    model: ir.Model, module: nn.Module, inputs: tuple[Tensor, ...], result: object
) -> onnx.ModelProto:
    """Return the graph with the names that the network's code has for its inputs and outputs.

    torch would give these names too, and to two values where another has one of them already.
    """
    import onnx_ir as ir

    from _edgeship.export.network.port_names import rename_ports, unused

    taken: set[str] = set()
    names = [*_input_names(module, len(inputs)), *output_names(result)]
    names = [unused(name, taken) for name in names]
    rename_ports(model, names[: len(inputs)], names[len(inputs) :])
    return ir.to_proto(model)


def _register(result: object) -> None:
    """Tell torch of the dataclasses in a result, which it flattens only when it knows them."""
    import torch

    if dataclasses.is_dataclass(result) and not isinstance(result, Mapping):
        torch.export.register_dataclass(type(result))
    for _, item in items_of(result) or ():
        _register(item)


def _input_names(module: nn.Module, count: int) -> list[str]:
    """Return what the network calls its inputs, as far as its signature tells."""
    import inspect

    import torch

    if isinstance(module, torch.jit.ScriptModule):
        forward: Any = module.forward
        found = [argument.name for argument in forward.schema.arguments[1:]]
    else:
        signature = inspect.signature(module.forward)
        found = [
            name for name, one in signature.parameters.items() if one.kind < one.VAR_POSITIONAL
        ]
    return [found[i] if i < len(found) else f"input_{i}" for i in range(count)]


def output_names(result: object) -> list[str]:
    """Return a name for each tensor of a result, in order.

    The keys of mappings and the fields of named tuples and dataclasses are names, with ``_``
    between those of nested ones; in a plain tuple or list, the position is, behind ``output`` where
    nothing else comes before it. A tensor alone is ``output``.
    """
    from _edgeship.export.network.port_names import unused

    names: list[str] = []
    for path in _paths(result):
        parts = path if path and not isinstance(path[0], int) else ["output", *path]
        name = "_".join(re.sub(r"\W+", "_", str(part)) for part in parts)
        names.append(unused(name, set(names)))
    return names


def _paths(result: object) -> Iterator[tuple[object, ...]]:
    items = items_of(result)
    if items is None:
        yield ()
        return
    for key, item in items:
        for path in _paths(item):
            yield (key, *path)


def first_line(error: BaseException) -> str:
    """Return the innermost cause's first line: torch wraps the reason in layers of advice."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def list_shapes(shapes: Sequence[Sequence[int]]) -> str:
    """Return shapes as ``--input`` takes them: ``1,3,224,224 and 1,10``."""
    return " and ".join(",".join(str(extent) for extent in shape) for shape in shapes)


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
