"""What an inspection found, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from _edgeship.export.tflite.inspection import Conversions, FilePort, Inspection, OperatorKind
from _edgeship.export.tflite.metadata.in_words import rows
from _edgeship.sheets import Sheet


def sheets(inspection: Inspection) -> tuple[Sheet, ...]:
    """Return the file, what it says of itself, its ports, operators and tensors, a table each."""
    said = (_said(inspection),) if inspection.said else ()
    rest = _ports(inspection), _operators(inspection), _data(inspection)
    return _file(inspection), *said, *rest


def _said(inspection: Inspection) -> Sheet:
    return Sheet("What it says of itself", ("", ""), list(rows(inspection.said)))


def _file(inspection: Inspection) -> Sheet:
    quantization = inspection.quantization
    signatures = [
        (f"signature {one.key}", f"{', '.join(one.inputs)} -> {', '.join(one.outputs)}")
        for one in inspection.signatures
    ]
    lines = [
        *signatures,
        ("description", inspection.description),
        ("schema version", str(inspection.schema_version)),
        ("size", f"{inspection.file_bytes:,} bytes"),
        ("buffers", f"{inspection.buffer_bytes:,} bytes"),
        ("quantization", quantization.scheme),
        ("per-channel tensors", str(quantization.per_channel_tensors)),
        ("QUANTIZE", _places(quantization.quantize)),
        ("DEQUANTIZE", _places(quantization.dequantize)),
        *((f"metadata {name}", value) for name, value in inspection.metadata.items()),
    ]
    return Sheet("File", ("", ""), lines)


def _ports(inspection: Inspection) -> Sheet:
    lines = [
        (side, port.name, _shape(port), port.dtype, *_affine(port))
        for side, ports in (("input", inspection.inputs), ("output", inspection.outputs))
        for port in ports
    ]
    columns = ("", "name", "shape", "type", "scale", "zero point")
    return Sheet("Inputs and outputs", columns, lines)


def _operators(inspection: Inspection) -> Sheet:
    lines = [
        (kind.kind, str(kind.version), str(kind.count), str(kind.max_rank), _counts(kind.dtypes))
        for kind in inspection.operators
    ]
    total = ("all", "", str(inspection.operator_count), str(_highest(inspection.operators)), "")
    columns = ("operator", "version", "count", "highest rank", "computes")
    return Sheet("Operators", columns, lines, total)


def _data(inspection: Inspection) -> Sheet:
    tensors = inspection.tensors
    lines = [
        ("tensors", str(tensors.count)),
        ("by type", _counts(tensors.dtypes)),
        ("bytes of constants", _counts(tensors.constant_bytes)),
        ("by rank", _counts(tensors.ranks)),
        ("above rank 4", str(tensors.above_rank_4)),
    ]
    return Sheet("Tensors", ("", ""), lines)


def _shape(port: FilePort) -> str:
    return "x".join(map(str, port.shape)) or "scalar"


def _affine(port: FilePort) -> tuple[str, str]:
    scale = "" if port.scale is None else f"{port.scale:.6g}"
    return scale, "" if port.zero_point is None else str(port.zero_point)


def _counts(counts: Mapping[str, int] | Mapping[int, int]) -> str:
    return ", ".join(f"{key}: {count:,}" for key, count in counts.items())


def _highest(kinds: Iterable[OperatorKind]) -> int:
    return max((kind.max_rank for kind in kinds), default=0)


def _places(conversions: Conversions) -> str:
    return (
        f"{conversions.at_edges} at inputs and outputs, {conversions.of_constants} of constants, "
        f"{conversions.inside} inside"
    )
