"""`edgeship.verify` and `edgeship.inspect`: what a written file computes and holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from edgeship import arguments
from edgeship.results import Inspection, Verification

if TYPE_CHECKING:
    from _edgeship.export.calibration.arrays import Arrays


def verify(
    path: str | Path,
    *,
    reference: str | Path | None = None,
    runtimes: str | Sequence[str] | None = None,
    input_shapes: Sequence[Sequence[int]] = (),
    calib: str | Path | Arrays | None = None,
) -> Verification:
    """Run a file again and compare its outputs with those of the graph it was made from.

    Args:
        path: A .tflite or .onnx file, an .mlpackage or an .aimodel.
        reference: The ONNX file to compare with; by default the one that the manifest.json beside
            the file names.
        runtimes: What to run it in, by name; by default what suits the file, such as ``litert``.
        input_shapes: Shapes of the inputs that the reference leaves open, batch first.
        calib: Samples to run, as for `export`.

    Returns:
        What each runtime computed and whether that is within tolerance; a file that is not is a
        result with ``ok`` False, and no exception.

    Raises:
        InputError: A file is missing or damaged, or does not fit the reference.
        UnsupportedError: Nothing here can run such a file.
        VerificationError: The file is not the one that the manifest was written for.
    """
    from _edgeship.export.checks.comparison import compare_runtimes
    from _edgeship.export.checks.opening import open_model
    from _edgeship.export.checks.subject import load_subject

    path = Path(path)
    model = open_model(path)
    subject = load_subject(
        path,
        model,
        None if reference is None else Path(reference),
        arguments.tuples(input_shapes),
        str(calib) if isinstance(calib, Path) else calib,
    )
    names = model.default_runtimes if runtimes is None else arguments.words(runtimes, "runtimes")
    for name in names:
        if name not in model.known_runtimes:
            known = ", ".join(model.known_runtimes)
            raise InputError(f"There is no runtime {name!r}.", todo=f"choose from {known}")
    results = tuple(compare_runtimes(subject, names))
    return Verification(
        path=path,
        ok=all(one.problem is None for one in results),
        reference=subject.reference_name or None,
        tolerance=subject.kind or None,
        samples=len(subject.samples),
        source=subject.source,
        runtimes=results,
        notes=subject.notes,
    )


def inspect(path: str | Path) -> Inspection:
    """Say what a file holds.

    Args:
        path: A .tflite or .onnx file, an .mlpackage or an .aimodel.

    Raises:
        InputError: It is missing, damaged or none of these, or the manifest.json beside it is
            damaged.
        UnsupportedError: It is an .mlpackage that holds no ML program.
    """
    from _edgeship.export.checks.opening import open_model
    from _edgeship.export.contract.recorded import find_digest

    path = Path(path)
    model = open_model(path)
    record = find_digest(path, model.digest)
    return Inspection(
        path=path,
        facts=model.facts(),
        manifest=None if record is None else record.manifest,
        unchanged=None if record is None else record.unchanged,
    )
