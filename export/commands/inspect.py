"""`inspect`: what a file holds, and what its manifest says about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.errors import InputError
from _edgeship.terminal.console import (
    add_row,
    console,
    print_json,
    printable,
    sheet_table,
    size,
    table,
)

if TYPE_CHECKING:
    from rich.table import Table

    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.recorded import Record


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .tflite, .onnx, .mlpackage or .aimodel.")
    ],
    tensors: Annotated[
        bool,
        typer.Option(
            "--tensors",
            help="List all tensors of a .onnx instead: the names that --inputs and --outputs of an "
            "export take.",
        ),
    ] = False,
    delegates: Annotated[
        bool,
        typer.Option(
            "--delegates",
            help="Show instead what XNNPACK and LiteRT's GPU accelerator take of a .tflite, and "
            "why they take no more.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what FILE holds: inputs, outputs, operators, weights, quantization."""
    from _edgeship.export.checks.opening import open_model

    if delegates:
        _show_delegates(file, as_json)
    elif tensors:
        _show_tensors(file, as_json)
    else:
        _show(file, open_model(file), as_json)


def _show_tensors(file: Path, as_json: bool) -> None:
    """Print the tensors of a file that networks are exported from.

    Raises:
        InputError: It is no .onnx file.
    """
    from _edgeship.export.onnx.file import open_onnx
    from _edgeship.export.onnx.tensors import sheet
    from _edgeship.export.onnx.tensors import tensors as tensors_of

    if file.suffix.lower() != ".onnx":
        raise InputError(
            f"--tensors does not go with {file}.",
            why="only a network that is a .onnx file can be cut at its tensors",
            todo="leave it out, or give the .onnx file",
        )
    model = open_onnx(file).model
    if as_json:
        print_json({"file": str(file), "tensors": tensors_of(model)})
    else:
        console().print(sheet_table(sheet(model)))


def _show_delegates(file: Path, as_json: bool) -> None:
    """Print what delegates take of a file.

    Raises:
        InputError: It is no .tflite file.
        VerificationError: LiteRT refuses it.
    """
    from _edgeship.export.commands.delegate_view import show_delegate
    from _edgeship.export.tflite.file import open_tflite

    if file.suffix.lower() != ".tflite":
        raise InputError(
            f"--delegates does not go with {file}.",
            why="only .tflite files run on delegates",
            todo="leave it out, or give the .tflite file",
        )
    reports, missing = open_tflite(file).delegates()
    if as_json:
        found = [report.to_dict() for report in reports]
        print_json({"file": str(file), "delegates": found, "missing": missing or None})
        return
    for report in reports:
        show_delegate(report)
    if missing:
        console().print(printable(f"The GPU was not asked: {missing}"), soft_wrap=True)


def _show(file: Path, model: ModelFile, as_json: bool) -> None:
    """Print what a file holds, and what the manifest beside it says about it."""
    from _edgeship.export.contract.recorded import find_digest, manifest_of_graph

    record, words = None, "No manifest.json beside the file lists it."
    problem = ""
    try:
        record = find_digest(file, model.digest)
        if manifest_of_graph(file, model.digest) is not None:
            words = "It is the graph that the other files beside it were made from."
    except InputError as error:
        # A damaged manifest must not keep the file from being shown.
        problem = f"{error.what} {error.why}"
    if as_json:
        recorded = None if record is None else _record_dict(record)
        beside = {"recorded": recorded, "manifest_problem": problem or None}
        print_json({"file": str(file), **model.facts(), **beside})
        return
    output = console()
    for part in model.sheets():
        output.print(printable(part) if isinstance(part, str) else sheet_table(part))
    if record is None:
        output.print(printable(problem or words))
    else:
        output.print(_record_table(record))


def _record_dict(record: Record) -> dict[str, Any]:
    manifest = record.manifest
    return {
        "manifest": str(record.path),
        "unchanged": record.unchanged,
        "model": manifest.model,
        "weights": manifest.weights,
        "scheme": record.artifact.scheme,
        "parity": record.artifact.parity,
        "delegates": [one.to_dict() for one in record.artifact.delegates],
        "reference": manifest.verification["reference"],
    }


def _record_table(record: Record) -> Table:
    from _edgeship.export.commands.delegate_view import in_short

    manifest, artifact = record.manifest, record.artifact
    shown = table("", "")
    shown.title, shown.title_justify, shown.show_header = "Manifest", "left", False
    add_row(shown, "recorded in", str(record.path))
    if not record.unchanged:
        add_row(shown, "WARNING", "the file is not the one recorded: its sha256 differs")
    add_row(shown, "model", str(manifest.model["name"]))
    trained = " (predictions mean nothing)" if manifest.weights["untrained"] else ""
    add_row(shown, "weights", f"{manifest.weights['source']}{trained}")
    add_row(shown, "scheme", artifact.scheme)
    for name, value in (artifact.parity or {}).items():
        words = "none" if value is None else f"{float(value):.4g}"
        add_row(shown, f"{name} against {manifest.verification['reference']}", words)
    for one in artifact.delegates:
        add_row(shown, f"operators taken by {one.delegate}", in_short(one))
    if artifact.peak_activation_bytes is not None:
        add_row(shown, "peak activations", size(artifact.peak_activation_bytes))
    return shown
