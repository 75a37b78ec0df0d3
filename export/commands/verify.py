"""`verify`: run a file in the runtimes that the user asks for, and compare the outputs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from _edgeship.errors import InputError
from _edgeship.export.commands import options
from _edgeship.export.commands.bundle_view import verify_bundle
from _edgeship.export.commands.delegate_view import show_delegate
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal import words
from _edgeship.terminal.console import add_row, console, print_json, printable, table
from _edgeship.terminal.numbers import parse_shape

if TYPE_CHECKING:
    from rich.table import Table

    from _edgeship.export.checks.results import RuntimeResult
    from _edgeship.export.checks.subject import Subject

ENDINGS = ", ".join(target.suffix for target in TARGETS.values())


def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|BUNDLE",
            help=f"The file to run: {ENDINGS}; or a bundle to check, a folder or a .zip.",
        ),
    ],
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="RUNTIMES",
            help=" ".join(f"For {target.suffix}: {target.runtimes}." for target in TARGETS.values())
            + " Several with commas.",
        ),
    ] = None,
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
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Of a bundle: the public key that it must be signed with, a file of minisign or "
            "its second line.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run FILE and compare its outputs with those of its ONNX graph.

    Without a manifest or a reference, the runtimes of a .tflite or .onnx file are only compared
    with one another, and an .mlpackage or .aimodel is only run.

    Of a BUNDLE everything is checked: digests, signature, what the files say of themselves, labels,
    and the files and the Python code on the test vectors.
    """
    from _edgeship.export.bundle.opening import is_bundle

    if is_bundle(file):
        given = {
            "--runtime": runtime,
            "--reference": reference,
            "--input": input_,
            "--calib": calib,
        }
        verify_bundle(file, key, given, as_json)
        return
    if key is not None:
        raise InputError("--key goes with a bundle.", why=f"{file} is a file")
    shapes = [parse_shape(text) for text in input_ or []]
    if reference is not None:
        words.check_file(reference, "--reference")
    if calib is not None:
        options.check_calibration(calib)
    from _edgeship.export.runtimes import apart_starter

    apart_starter.begin(*apart_starter.READING)
    from _edgeship.export.checks.comparison import compare_runtimes
    from _edgeship.export.checks.opening import open_model
    from _edgeship.export.checks.subject import load_subject

    model = open_model(file)
    runtimes = model.default_runtimes
    if runtime is not None:
        runtimes = options.parse_runtimes(runtime, model.known_runtimes)
    subject = load_subject(file, model, reference, shapes, calib)
    comparisons = compare_runtimes(subject, runtimes)
    if as_json:
        print_json(_as_dict(file, subject, comparisons))
    else:
        _show(file, subject, comparisons)
    if any(comparison.problem for comparison in comparisons):
        raise typer.Exit(3)


def _as_dict(file: Path, subject: Subject, comparisons: list[RuntimeResult]) -> dict[str, Any]:
    return {
        "file": str(file),
        "reference": subject.reference_name or None,
        "compared": bool(subject.reference_name),
        "only_runtimes_compared": subject.baseline is not None,
        "tolerance": subject.kind or None,
        "samples": {"count": len(subject.samples), "source": subject.source},
        "notes": list(subject.notes),
        "ok": not any(comparison.problem for comparison in comparisons),
        "runtimes": [
            {
                **asdict(comparison),
                **_parity(comparison),
            }
            for comparison in comparisons
        ],
    }


def _parity(comparison: RuntimeResult) -> dict[str, Any]:
    """Return the figures of a runtime: of the worst part, its name, and of each part."""
    parity = comparison.parity
    if parity is None:
        return {"parity": None, "part": "", "parts": []}
    parts = [part.to_dict() for part in parity.parts]
    return {"parity": parity.to_dict(), "part": parity.part, "parts": parts}


def _show(file: Path, subject: Subject, comparisons: list[RuntimeResult]) -> None:
    output = console()
    against = f"against {subject.reference_name}" if subject.reference_name else "on its own"
    output.print(printable(f"{file} {against}"))
    output.print(printable(f"{len(subject.samples)} samples: {subject.source}"))
    for note in subject.notes:
        output.print(printable(f"note: {note}"))
    output.print()
    for one in comparisons:
        # That XNNPACK takes a whole file is nothing to tell.
        if one.delegate is not None and (one.delegate.left or one.delegate.device):
            show_delegate(one.delegate)
            output.print()
    output.print(_verdicts(subject, comparisons) if subject.reference_name else _runs(comparisons))
    if any(one.parity is not None and one.parity.part for one in comparisons):
        output.print()
        output.print(_parts(comparisons))


def _verdicts(subject: Subject, comparisons: list[RuntimeResult]) -> Table:
    numbers = ("max abs error", "max rel error", "SQNR", "top-1 agreement")
    verdict = f"within tolerance ({subject.kind})" if subject.kind else "not judged"
    shown = table("runtime", *numbers, verdict, numbers=numbers)
    for comparison in comparisons:
        words = "yes" if comparison.problem is None else f"NO: {comparison.problem}"
        if comparison.problem is None and not subject.kind:
            words = ""
        elif comparison.tolerance not in ("", subject.kind):
            words += f" ({comparison.tolerance})"
        add_row(shown, comparison.runtime, *_figures(comparison), words)
    return shown


def _parts(comparisons: list[RuntimeResult]) -> Table:
    """Show every output, and the parts of those that join numbers of different sizes."""
    numbers = ("max abs error", "max rel error", "SQNR", "equal")
    shown = table("runtime", "output", *numbers, numbers=numbers)
    for comparison in comparisons:
        for part in comparison.parity.parts if comparison.parity is not None else ():
            equal = "" if part.agreement is None else f"{part.agreement:.1%}"
            figures = f"{part.max_abs:.2e}", f"{part.max_rel:.2e}", f"{part.sqnr_db:.1f} dB"
            add_row(shown, comparison.runtime, part.name, *figures, equal)
    return shown


def _runs(comparisons: list[RuntimeResult]) -> Table:
    shown = table("runtime", "output", "shape", "from", "to", "", numbers=("from", "to"))
    for comparison in comparisons:
        if comparison.problem is not None:
            add_row(shown, comparison.runtime, "", "", "", "", comparison.problem)
        for one in comparison.outputs:
            ends = ("" if end is None else f"{end:.4g}" for end in (one.low, one.high))
            shape = "x".join(map(str, one.shape)) or "scalar"
            words = "" if one.finite else "not all finite"
            add_row(shown, comparison.runtime, one.name, shape, *ends, words)
    return shown


def _figures(comparison: RuntimeResult) -> tuple[str, str, str, str]:
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
