"""A file related to the graph that it was made from, as far as that is here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from _edgeship.export.calibration.input_spec import InputSpec, specs_of
from _edgeship.export.checks.subject import read_reference
from _edgeship.export.contract.model_file import ModelFile, Reference, Related
from _edgeship.export.contract.recorded import Record
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.preparation.budgets import check_fed
from _edgeship.export.runtimes.apart import read_apart
from _edgeship.files import read_bytes


def related(
    path: Path, model: ModelFile, record: Record | None, shapes: Sequence[Shape] = ()
) -> tuple[Related, Mapping[str, InputSpec]]:
    """Return a file in the axis order of its graph, as far as that is known, and its inputs.

    Args:
        path: The file.
        model: What was read from it.
        record: What the manifest beside it says of it.
        shapes: Shapes of the inputs of a .onnx file that leaves dimensions open.

    Raises:
        InputError: The graph cannot be read, or does not fit the file.
    """
    graph: Reference | None = None
    if path.suffix.lower() == ".onnx":
        graph = read_apart(f"Reading {path}", read_reference, path, shapes)
    elif record is not None:
        # Only the last part: a manifest must not lead out of its folder.
        onnx = record.path.parent / Path(record.manifest.onnx.file).name
        written = record.manifest.onnx.sha256
        if onnx.is_file() and hashlib.sha256(read_bytes(onnx)).hexdigest() == written:
            graph = read_apart(f"Reading {onnx}", read_reference, onnx, ())
    if graph is None:
        check_fed(model.inputs)
        return model.alone(), specs_of(model.inputs)
    return model.beside(graph, record.artifact if record is not None else None), graph.specs
