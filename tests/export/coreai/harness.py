"""Lower ONNX graphs, run them with Apple's runtime, and demand what ONNX Runtime computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnx_ir as ir
from onnx import compose

from _edgeship.export.coreai.execution import run_program
from _edgeship.export.coreai.format.asset import asset_of
from _edgeship.export.coreai.lowering import lower
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import inputs_of


def check_all(
    models: Sequence[onnx.ModelProto],
    real: type[np.floating] = np.float32,
    tolerance: float = 1e-5,
) -> list[str]:
    """Assert that many models of one opset, side by side in one program, are computed right.

    Args:
        models: What is lowered.
        real: What is computed with.
        tolerance: The largest error, as a fraction of an output's range.

    Returns:
        The operators that compute the values of the graph.
    """
    parts = [compose.add_prefix(model, f"m{i}_") for i, model in enumerate(models)]
    whole = onnx.ModelProto()
    whole.CopyFrom(parts[0])
    for part in parts[1:]:
        assert part.opset_import == whole.opset_import
        for field in ("node", "input", "output", "initializer", "value_info"):
            getattr(whole.graph, field).extend(getattr(part.graph, field))
    feeds = inputs_of(whole)
    lowered = lower(infer_shapes(ir.from_proto(whole)), real)
    [found] = run_program(asset_of(lowered.program), lowered.io, [feeds])
    [expected] = run_onnx(whole.SerializeToString(), [feeds])
    for port, array, exact in zip(lowered.io.outputs, found, expected, strict=True):
        assert array.shape == exact.shape, port
        assert (array.dtype.kind == "f") == (exact.dtype.kind == "f"), port
        parity = compare([[exact]], [[array]])
        assert parity.max_rel <= tolerance, f"{port.onnx_name}: {parity}"
    return list(lowered.operators.values())
