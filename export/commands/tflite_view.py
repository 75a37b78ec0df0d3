"""Shows an inspection as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from _edgeship.export.tflite.inspection import Conversions, Inspection, OperatorKind, Port


def render(inspection: Inspection) -> Group:
    """Lay out an inspection as tables.

    Args:
        inspection: What a file holds.

    Returns:
        Something ``rich`` prints: the file, its inputs and outputs, its operators, its tensors.
        Texts from the file are shown as they are, not as markup.
    """
    return Group(_file(inspection), _ports(inspection), _operators(inspection), _data(inspection))


def _file(inspection: Inspection) -> Table:
    quantization = inspection.quantization
    table = _table("File", "", "")
    for signature in inspection.signatures:
        ports = f"{', '.join(signature.inputs)} -> {', '.join(signature.outputs)}"
        _row(table, f"signature {signature.key}", ports)
    _row(table, "description", inspection.description)
    _row(table, "schema version", str(inspection.schema_version))
    _row(table, "size", f"{inspection.file_bytes:,} bytes")
    _row(table, "buffers", f"{inspection.buffer_bytes:,} bytes")
    _row(table, "quantization", quantization.scheme)
    _row(table, "per-channel tensors", str(quantization.per_channel_tensors))
    _row(table, "QUANTIZE", _places(quantization.quantize))
    _row(table, "DEQUANTIZE", _places(quantization.dequantize))
    for name, value in inspection.metadata.items():
        _row(table, f"metadata {name}", value)
    return table


def _ports(inspection: Inspection) -> Table:
    table = _table("Inputs and outputs", "", "name", "shape", "type", "scale", "zero point")
    for side, ports in (("input", inspection.inputs), ("output", inspection.outputs)):
        for port in ports:
            _row(table, side, port.name, _shape(port), port.dtype, *_affine(port))
    return table


def _operators(inspection: Inspection) -> Table:
    table = _table("Operators", "operator", "version", "count", "highest rank", "computes")
    for kind in inspection.operators:
        numbers = (kind.version, kind.count, kind.max_rank)
        _row(table, kind.kind, *map(str, numbers), _counts(kind.dtypes))
    table.add_section()
    _row(table, "all", "", str(inspection.operator_count), str(_highest(inspection.operators)), "")
    return table


def _data(inspection: Inspection) -> Table:
    tensors = inspection.tensors
    table = _table("Tensors", "", "")
    _row(table, "tensors", str(tensors.count))
    _row(table, "by type", _counts(tensors.dtypes))
    _row(table, "bytes of constants", _counts(tensors.constant_bytes))
    _row(table, "by rank", _counts(tensors.ranks))
    _row(table, "above rank 4", str(tensors.above_rank_4))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(cell) for cell in cells))


def _shape(port: Port) -> str:
    return "x".join(map(str, port.shape)) or "scalar"


def _affine(port: Port) -> tuple[str, str]:
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
