"""What an .aimodel holds, as plain values and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from _edgeship.export.coreai.format.asset import Asset, told
from _edgeship.export.coreai.stored import computed_types, name_of, stored_weights
from _edgeship.export.coreai.summary import Summary, Tensor
from _edgeship.export.coreml.format.package import size
from _edgeship.sheets import Sheet


def facts(asset: Asset, metadata: Mapping[str, Any], summary: Summary) -> dict[str, Any]:
    """Return what a folder holds as plain values.

    Args:
        asset: Its files.
        metadata: What metadata.json says.
        summary: What the program holds.
    """
    quantized = sum(one.kind == "quantize" for one in summary.operations)
    return {
        "package_bytes": size(asset),
        "file_bytes": {name: len(data) for name, data in asset.items()},
        "metadata": told(metadata),
        "function": summary.function,
        "inputs": [_port(one) for one in summary.inputs],
        "outputs": [_port(one) for one in summary.outputs],
        "operators": summary.operators,
        "computes_in": computed_types(summary),
        "activations_quantized": quantized,
        "weights": [asdict(one) for one in stored_weights(summary)],
    }


def _port(tensor: Tensor) -> dict[str, str]:
    shape = "x".join("?" if one < 0 else str(one) for one in tensor.shape) or "scalar"
    return {"name": tensor.name, "dtype": name_of(tensor.dtype), "shape": shape}


def sheets(found: Mapping[str, Any]) -> tuple[Sheet, ...]:
    """Return the same for people: the folder, inputs and outputs, operators, weights.

    Args:
        found: As `facts` returns it.
    """
    return (_folder(found), _ports(found), _operators(found), _weights(found))


def _folder(found: Mapping[str, Any]) -> Sheet:
    computes = ", ".join(f"{kind}: {count:,}" for kind, count in found["computes_in"].items())
    quantized = found["activations_quantized"]
    rows = [
        ("size", f"{found['package_bytes']:,} bytes"),
        *((f"  {name}", f"{count:,} bytes") for name, count in found["file_bytes"].items()),
        ("function", found["function"]),
        ("computes in", computes or "no floats"),
        ("activations quantized", f"yes, {quantized} tensors" if quantized else "no"),
    ]
    rows += [(f"metadata {key}", _short(value)) for key, value in found["metadata"].items()]
    return Sheet("Folder", ("", ""), rows)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value):,} entries"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_short(one)}" for name, one in value.items())
    return str(value)


def _ports(found: Mapping[str, Any]) -> Sheet:
    rows = [
        (side, one["name"], one["dtype"], one["shape"])
        for side, key in (("input", "inputs"), ("output", "outputs"))
        for one in found[key]
    ]
    return Sheet("Inputs and outputs", ("", "name", "type", "shape"), rows)


def _operators(found: Mapping[str, Any]) -> Sheet:
    counts = sorted(found["operators"].items(), key=lambda one: (-one[1], one[0]))
    total = ("all", f"{sum(found['operators'].values()):,}")
    return Sheet("Operators", ("operator", "count"), [(k, f"{n:,}") for k, n in counts], total)


def _weights(found: Mapping[str, Any]) -> Sheet:
    rows = [
        (one["kind"], f"{one['tensors']:,}", f"{one['values']:,}", f"{one['stored_bytes']:,}")
        for one in found["weights"]
    ]
    return Sheet("Weights", ("stored as", "tensors", "values", "bytes"), rows)
