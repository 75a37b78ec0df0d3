"""Lower an ONNX graph to a package, evaluate it, and demand what ONNX Runtime computes."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import compose

from _edgeship.export.coreml.convert import Precision, convert
from _edgeship.export.coreml.evaluator.mil.program import MilProgram
from _edgeship.export.coreml.evaluator.reading import read_program
from _edgeship.export.coreml.evaluator.running import run
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.judging import package_feeds
from _edgeship.export.coreml.lowering import Lowered, lower
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import (
    Feeds,
    graph_model,
    inputs_of,
    node_model,
    parse,
    rand,
    typed,
)

__all__ = [
    "Feeds",
    "check",
    "check_all",
    "graph_model",
    "inputs_of",
    "lower_model",
    "node_model",
    "parse",
    "rand",
    "saved",
    "typed",
]


def lower_model(model: onnx.ModelProto, ios: int = 15) -> Lowered:
    """Lower a model as the pipeline does."""
    return lower(infer_shapes(ir.from_proto(model)), ios)


def saved(lowered: Lowered, ios: int = 15, precision: Precision = "float32") -> MilProgram:
    """The program as it is read back from the package.

    coremltools collects garbage in each conversion: that would be 0.17 of the 0.2 seconds of a
    small one if everything loaded were not exempt meanwhile.
    """
    gc.freeze()
    try:
        return read_program(package_of(convert(lowered, ios, precision)))
    finally:
        gc.unfreeze()


def check(
    model: onnx.ModelProto,
    ios: int = 15,
    precision: Precision = "float32",
    *,
    feeds: Feeds | None = None,
    low: float | None = None,
    tolerance: float = 1e-5,
    reference: onnx.ModelProto | None = None,
) -> list[str]:
    """Assert that the package computes what ONNX Runtime computes, to ``tolerance`` of the range.

    Args:
        model: What is lowered.
        ios: The oldest iOS.
        precision: What is computed with.
        feeds: Inputs; seeded ones by default.
        low: Draw the inputs above this number.
        tolerance: The largest error allowed.
        reference: What ONNX Runtime runs, where it has no kernel for an old operator.

    Returns:
        The kinds of the operators in the saved program in order, constants left out.
    """
    lowered = lower_model(model, ios)
    program = saved(lowered, ios, precision)
    feeds = inputs_of(model, low=low) if feeds is None else feeds
    expected = run_onnx((reference or model).SerializeToString(), [feeds])
    results = run(program, _renamed(lowered, feeds))
    found = [results[port.name] for port in lowered.io.outputs]
    for port, array, exact in zip(lowered.io.outputs, found, expected[0], strict=True):
        assert port.shape == exact.shape, port
        assert array.dtype == port.dtype, (port, array.dtype)
        assert (array.dtype.kind == "f") == (exact.dtype.kind == "f"), port
    # A scalar comes back as an array of one element.
    found = [a.reshape(r.shape) for a, r in zip(found, expected[0], strict=True)]
    parity = compare(expected, [found])
    assert parity.max_rel <= tolerance, f"{parity}\n{describe(program)}"
    return kinds(program)


def check_all(models: Sequence[onnx.ModelProto], **keywords: Any) -> list[str]:
    """Check many models of one opset as one, which takes little longer than one of them."""
    parts = [compose.add_prefix(model, f"m{i}_") for i, model in enumerate(models)]
    whole = onnx.ModelProto()
    whole.CopyFrom(parts[0])
    for part in parts[1:]:
        assert part.opset_import == whole.opset_import
        for field in ("node", "input", "output", "initializer", "value_info"):
            getattr(whole.graph, field).extend(getattr(part.graph, field))
    feeds = keywords.pop("feeds", None)
    if feeds is not None:
        feeds = {
            f"m{i}_{name}": array for i, some in enumerate(feeds) for name, array in some.items()
        }
    return check(whole, feeds=feeds, **keywords)


def kinds(program: MilProgram) -> list[str]:
    """The kinds of the operators that compute something."""
    return [op.kind for op in program.operations if op.kind != "const"]


def describe(program: MilProgram) -> str:
    """One line for each operator."""
    return "\n".join(
        f"{op.kind} {list(op.inputs)} -> {[(v.name, v.shape) for v in op.outputs]}"
        for op in program.operations
        if op.kind != "const"
    )


def _renamed(lowered: Lowered, feeds: Feeds) -> Mapping[str, np.ndarray]:
    """The samples under the package's names and in its types."""
    return package_feeds(lowered, feeds)
