"""`verify`: run a file in the runtimes asked for and compare what they compute."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from export.commands import options
from export.commands.terminal import add_row, console, print_json, printable, table

if TYPE_CHECKING:
    from export.commands.comparison import Comparison
    from export.commands.subject import Subject


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE.tflite", help="The file to run.")],
    runtime: Annotated[
        str,
        typer.Option(
            metavar="RUNTIMES",
            help="litert, litert-reference (plain kernels), tensorflow, tflite-runtime, or "
            "several with commas.",
        ),
    ] = "litert",
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            help="What to compare with. By default the .onnx beside the file's manifest.json.",
        ),
    ] = None,
    input_: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="SHAPE", help="Shape of an input that the .onnx file leaves open."
        ),
    ] = None,
    calib: Annotated[
        str | None,
        typer.Option(metavar="DIR|FILE|random", help="Samples to run. By default as in export."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run FILE.tflite and compare its outputs with those of its ONNX graph.

    Without a manifest and a reference the runtimes are only compared with one another.
    """
    from export.verification.interpreters import RUNTIMES

    runtimes = options.parse_runtimes(runtime, RUNTIMES)
    shapes = [options.parse_shape(text) for text in input_ or []]
    if reference is not None:
        options.check_file(reference, "--reference")
    if calib is not None:
        options.check_calibration(calib)
    from export.commands.comparison import compare_runtimes
    from export.commands.subject import load_subject

    subject = load_subject(file, reference, shapes, calib)
    comparisons = compare_runtimes(subject, runtimes)
    if as_json:
        print_json(_as_dict(file, subject, comparisons))
    else:
        _show(file, subject, comparisons)
    if any(comparison.problem for comparison in comparisons):
        raise typer.Exit(3)


def _as_dict(file: Path, subject: Subject, comparisons: list[Comparison]) -> dict[str, Any]:
    return {
        "file": str(file),
        "reference": subject.reference_name,
        "only_runtimes_compared": subject.onnx is None,
        "tolerance": subject.kind,
        "samples": {"count": len(subject.samples), "source": subject.source},
        "notes": list(subject.notes),
        "ok": not any(comparison.problem for comparison in comparisons),
        "runtimes": [
            {
                **asdict(comparison),
                "parity": None if comparison.parity is None else comparison.parity.to_dict(),
            }
            for comparison in comparisons
        ],
    }


def _show(file: Path, subject: Subject, comparisons: list[Comparison]) -> None:
    output = console()
    output.print(printable(f"{file} against {subject.reference_name}"))
    output.print(printable(f"{len(subject.samples)} samples: {subject.source}"))
    for note in subject.notes:
        output.print(printable(f"note: {note}"))
    output.print()
    numbers = ("max abs error", "max rel error", "SQNR", "top-1 agreement")
    shown = table("runtime", *numbers, f"within tolerance ({subject.kind})", numbers=numbers)
    for comparison in comparisons:
        verdict = "yes" if comparison.problem is None else f"NO: {comparison.problem}"
        add_row(shown, comparison.runtime, *_figures(comparison), verdict)
    output.print(shown)


def _figures(comparison: Comparison) -> tuple[str, str, str, str]:
    parity = comparison.parity
    if parity is None:
        return "", "", "", ""
    top1 = parity.top1_agreement
    return (
        f"{parity.max_abs:.2e}",
        f"{parity.max_rel:.2e}",
        f"{parity.sqnr_db:.1f} dB",
        "" if top1 is None else f"{top1:.0%}",
    )
