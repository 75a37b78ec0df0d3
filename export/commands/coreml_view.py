"""Shows the inspection of a package as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from _edgeship.export.coreml.evaluator.mil.program import Feature
from _edgeship.export.coreml.inspection import Inspection
from _edgeship.terminal.console import printable


def render(inspection: Inspection) -> Group:
    """Lay out an inspection as tables.

    Args:
        inspection: What a package holds.

    Returns:
        Something ``rich`` prints: the package, its inputs and outputs, operators, weights, and
        what is known to leave the Neural Engine. Texts from the package are shown as they are.
    """
    return Group(
        _package(inspection),
        _ports(inspection),
        _operators(inspection),
        _weights(inspection),
        *_neural_engine(inspection),
    )


def _package(inspection: Inspection) -> Table:
    table = _table("Package", "", "")
    target = f"iOS {inspection.ios}" if inspection.ios is not None else "unknown"
    _row(table, "size", f"{inspection.package_bytes:,} bytes")
    for name, size in inspection.file_bytes.items():
        _row(table, f"  {name}", f"{size:,} bytes")
    version = inspection.specification_version
    _row(table, "deployment target", f"{target} and later (specification version {version})")
    _row(table, "operator set", inspection.opset)
    _row(table, "computes in", _counts(inspection.compute, "operators") or "no floats")
    _row(table, "activations quantized", _activations(inspection))
    if inspection.predicted_feature:
        _row(table, "classes", f"{inspection.labels:,} labels in {inspection.predicted_feature}")
    for name, text in inspection.metadata.items():
        _row(table, f"metadata {name}", text)
    return table


def _activations(inspection: Inspection) -> str:
    # Source: apple.github.io/coremltools/docs-guides/source/opt-whats-new.html
    if not inspection.quantize:
        return "no"
    return f"yes, {inspection.quantize} tensors; Apple's A17 Pro and M4 are made faster by it"


def _ports(inspection: Inspection) -> Table:
    table = _table("Inputs and outputs", "", "name", "type", "shape", "description")
    for side, features in (("input", inspection.inputs), ("output", inspection.outputs)):
        for feature in features:
            _row(table, side, feature.name, *_feature(feature), feature.description)
    return table


def _feature(feature: Feature) -> tuple[str, str]:
    image = feature.image
    if image is not None:
        return f"{image.color} image", f"{image.width} x {image.height} pixels"
    return feature.dtype, "x".join(map(str, feature.shape))


def _operators(inspection: Inspection) -> Table:
    table = _table("Operators", "operator", "count", "highest rank", "computes")
    for kind in inspection.operators:
        _row(table, kind.kind, str(kind.count), str(kind.max_rank), _counts(kind.dtypes))
    table.add_section()
    highest = max((kind.max_rank for kind in inspection.operators), default=0)
    _row(table, "all", str(inspection.operator_count), str(highest), "")
    return table


def _weights(inspection: Inspection) -> Table:
    table = _table("Weights", "stored as", "tensors", "values", "bytes")
    for kind in inspection.weights:
        numbers = (kind.tensors, kind.values, kind.stored_bytes)
        _row(table, kind.kind, *(f"{number:,}" for number in numbers))
    return table


def _neural_engine(inspection: Inspection) -> tuple[Table | Text, ...]:
    judge = Text("Core ML decides on the device; Xcode's performance report shows what it decided.")
    if not inspection.neural_engine:
        return Text("No operator here is known to leave the Neural Engine."), judge
    table = _table("Known to leave the Neural Engine", "operators", "why", "source")
    for departure in inspection.neural_engine:
        _row(table, _counts(departure.operators), departure.reason, departure.source)
    return table, judge


def _counts(counts: Mapping[str, int], noun: str = "") -> str:
    return ", ".join(f"{key}: {count:,} {noun}".rstrip() for key, count in counts.items())


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(printable(cell)) for cell in cells))
