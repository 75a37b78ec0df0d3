"""What an inspection found in a package, as tables."""

from __future__ import annotations

from collections.abc import Mapping

from _edgeship.export.coreml.evaluator.mil.program import Feature
from _edgeship.export.coreml.inspection import Inspection
from _edgeship.sheets import Sheet

_JUDGE = "Core ML decides on the device; Xcode's performance report shows what it decided."


def sheets(inspection: Inspection) -> tuple[Sheet | str, ...]:
    """Return a table each of the package, its inputs and outputs, its operators and its weights.

    Last comes what is known to leave the Neural Engine.
    """
    return (
        _package(inspection),
        _ports(inspection),
        _operators(inspection),
        _weights(inspection),
        *_neural_engine(inspection),
    )


def _package(inspection: Inspection) -> Sheet:
    target = f"iOS {inspection.ios}" if inspection.ios is not None else "unknown"
    version = inspection.specification_version
    rows = [
        ("size", f"{inspection.package_bytes:,} bytes"),
        *((f"  {name}", f"{size:,} bytes") for name, size in inspection.file_bytes.items()),
        ("deployment target", f"{target} and later (specification version {version})"),
        ("operator set", inspection.opset),
        ("computes in", _counts(inspection.compute, "operators") or "no floats"),
        ("activations quantized", _activations(inspection)),
    ]
    if inspection.predicted_feature:
        rows.append(("classes", f"{inspection.labels:,} labels in {inspection.predicted_feature}"))
    rows += [(f"metadata {name}", text) for name, text in inspection.metadata.items()]
    return Sheet("Package", ("", ""), rows)


def _activations(inspection: Inspection) -> str:
    # Source: apple.github.io/coremltools/docs-guides/source/opt-whats-new.html
    if not inspection.quantize:
        return "no"
    return f"yes, {inspection.quantize} tensors; Apple's A17 Pro and M4 are made faster by it"


def _ports(inspection: Inspection) -> Sheet:
    rows = [
        (side, feature.name, *_feature(feature), feature.description)
        for side, features in (("input", inspection.inputs), ("output", inspection.outputs))
        for feature in features
    ]
    return Sheet("Inputs and outputs", ("", "name", "type", "shape", "description"), rows)


def _feature(feature: Feature) -> tuple[str, str]:
    image = feature.image
    if image is not None:
        return f"{image.color} image", f"{image.width} x {image.height} pixels"
    return feature.dtype, "x".join(map(str, feature.shape))


def _operators(inspection: Inspection) -> Sheet:
    rows = [
        (kind.kind, str(kind.count), str(kind.max_rank), _counts(kind.dtypes))
        for kind in inspection.operators
    ]
    highest = max((kind.max_rank for kind in inspection.operators), default=0)
    total = ("all", str(inspection.operator_count), str(highest), "")
    return Sheet("Operators", ("operator", "count", "highest rank", "computes"), rows, total)


def _weights(inspection: Inspection) -> Sheet:
    rows = [
        (kind.kind, f"{kind.tensors:,}", f"{kind.values:,}", f"{kind.stored_bytes:,}")
        for kind in inspection.weights
    ]
    return Sheet("Weights", ("stored as", "tensors", "values", "bytes"), rows)


def _neural_engine(inspection: Inspection) -> tuple[Sheet | str, ...]:
    if not inspection.neural_engine:
        return "No operator here is known to leave the Neural Engine.", _JUDGE
    rows = [
        (_counts(departure.operators), departure.reason, departure.source)
        for departure in inspection.neural_engine
    ]
    title = "Known to leave the Neural Engine"
    return Sheet(title, ("operators", "why", "source"), rows), _JUDGE


def _counts(counts: Mapping[str, int], noun: str = "") -> str:
    return ", ".join(f"{key}: {count:,} {noun}".rstrip() for key, count in counts.items())
