"""Constant folding and graph clean-up by onnxsim."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.quiet import captured_stderr


def simplify(model: ir.Model) -> ir.Model:
    """Return the simplified graph; the one given is left as it is.

    The caller compares the two numerically and keeps the original where they differ.

    Raises:
        RuntimeError: If onnxsim fails; its own reason is the message.
    """
    import onnxsim

    proto = ir.to_proto(model)
    try:
        with captured_stderr():
            simplified, _ = onnxsim.simplify(proto)
    except Exception as error:
        raise RuntimeError(f"onnxsim failed: {error}") from error
    return infer_shapes(ir.from_proto(simplified))
