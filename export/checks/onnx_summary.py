"""The inputs, outputs and operators of an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.files import read_bytes


def summarize(path: Path) -> dict[str, Any]:
    """Return what an ONNX file holds, as plain values ready for JSON.

    Dimensions left open are shown by their names, so that the user sees what ``--input`` must fix.

    Raises:
        InputError: The file does not exist or is not ONNX.
    """
    import onnx_ir as ir

    from _edgeship.export.graph.onnx_graph import operator_counts

    data = read_bytes(path)
    try:
        model = ir.load(path)
    # Protobuf's and onnx_ir's errors for damaged bytes have no common base but Exception.
    except Exception as error:
        raise InputError(
            f"{path} is not a readable ONNX model.", why=str(error).strip().partition("\n")[0]
        ) from error
    return {
        "file_bytes": len(data),
        "producer": " ".join(filter(None, (model.producer_name, model.producer_version))),
        "opsets": {domain or "ai.onnx": version for domain, version in model.opset_imports.items()},
        "inputs": [_port(value) for value in model.graph.inputs if not value.is_initializer()],
        "outputs": [_port(value) for value in model.graph.outputs],
        "operators": operator_counts(model),
    }


def _port(value: Any) -> dict[str, str]:
    shape = "unknown" if value.shape is None else "x".join(map(str, value.shape)) or "scalar"
    dtype = "unknown" if value.dtype is None else str(value.dtype).lower()
    return {"name": value.name or "", "dtype": dtype, "shape": shape}
