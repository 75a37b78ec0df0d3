"""What int8 costs networks that were made hard to quantize, and what a few layers in float bring.

Run: python benchmarks/hard_cases.py cifar10.zip [--case TEXT] [--limit N] [--more DB]

Makes each network of `spread.py`, exports it in float32 and int8 with the default settings, and
once more with --keep-float auto --min-sqnr, which asks for as much as the int8 file has and --more
decibels; and quantizes it with litert-quantizer alone (min-max). All are calibrated on 200 training
pictures. Prints top-1 of the float file on N test pictures, and what the others differ by in points
with the 95 % interval of pairs; SQNR is on 12 pictures that nothing was calibrated on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import onnx_ir as ir
from accuracy import write_training_pictures
from int8_accuracy import CALIBRATED, Subject, plain_file
from spread import dead, graph_of, spread, with_outliers

from _edgeship.errors import EdgeshipError, InputError, VerificationError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import VERIFICATION_SAMPLES
from _edgeship.export.contract.choices import AUTO
from _edgeship.export.contract.request import Request
from _edgeship.export.evaluation.candidates import Asked
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.pipeline import export
from _edgeship.export.tflite.multipliers import largest_multiplier
from _edgeship.models.weights.pretrained import find, spec_of

#: How far apart channels are.
_BY = 1000.0


@dataclass(frozen=True)
class Case:
    """A checkpoint made hard to quantize.

    Attributes:
        name: Of the checkpoint.
        title: What was done, for the table.
        make: Returns the hard graph of the checkpoint's.
    """

    name: str
    title: str
    make: Callable[[ir.Model], ir.Model]


_DEAD = "`--dead`: one channel in each value 1e9 times smaller"
CASES = (
    *(
        case
        for name in ("mobilenet_v2_x0_5", "rexnet_x1_0")
        for case in (
            Case(name, "channels up to 1,000 times apart", lambda graph: spread(graph, _BY)),
            Case(name, _DEAD, dead),
        )
    ),
    Case(
        "rexnet_x1_0",
        "`--outliers`: a channel of every second SiLU 1,000 times larger",
        lambda graph: with_outliers(graph, _BY),
    ),
)


def row(case: Case, data: Path, limit: int, more: float) -> str:
    """Return a row of the Markdown table.

    Args:
        case: The network.
        data: CIFAR-10.
        limit: Test pictures.
        more: What is asked for with layers in float beyond what int8 leaves, in dB.
    """
    entry = spec_of(case.name, find(case.name, "cifar10"))
    of = Preprocess(entry.mean, entry.std, entry.crop)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        network, pictures = folder / "hard.onnx", folder / "train"
        network.write_bytes(serialize(case.make(graph_of(case.name))))
        write_training_pictures(data, pictures, CALIBRATED + VERIFICATION_SAMPLES)
        request = Request(
            str(network),
            schemes=("none", "int8"),
            calib=str(pictures),
            mean=of.mean,
            std=of.std,
            out=folder / "out",
        )
        exact, whole = export(request).manifest.artifacts
        left = float(whole.parity["sqnr_db"])
        compare = Comparison(folder / "out" / exact.file, data, of, limit)
        share, points = compare(folder / "out" / whole.file)
        cells = [share, points, f"{left:.1f}", *_with_float(request, left + more, compare)]
        others = folder / "quantizer.tflite"
        data_of_others = plain_file(Subject(str(network), None, of), pictures)
        others.write_bytes(data_of_others)
        try:
            ends = largest_multiplier(data_of_others).ends_process
            cells.append("LiteRT would end the process" if ends else compare(others)[1])
        except EdgeshipError as error:
            cells.append(error.what)
    return f"| {case.name}, {case.title} | {' | '.join(cells)} |"


def _with_float(request: Request, wanted: float, compare: Comparison) -> tuple[str, str]:
    """Return what layers in float bring in points, and the SQNR asked for, had, and what it cost.

    Args:
        request: Of the float and the int8 file.
        wanted: SQNR to ask for, in dB.
        compare: Runs a file.
    """
    out = request.out or Path()
    again = replace(
        request,
        schemes=("int8",),
        keep_float=(AUTO,),
        min_sqnr=round(wanted, 1),
        out=out.with_name("kept"),
    )
    try:
        result = export(again)
    except VerificationError as error:
        return "", f"{error.what} {error.why}".strip()
    [file] = result.manifest.artifacts
    _, points = compare(out.with_name("kept") / file.file)
    reached = float(file.parity["sqnr_db"])
    return points, f"{wanted:.1f}: {reached:.1f}, {len(file.keep_float)} layers"


@dataclass(frozen=True)
class Comparison:
    """Runs files beside the float one.

    Attributes:
        exact: The float file.
        data: CIFAR-10.
        preprocess: What pictures go through.
        limit: Test pictures.
    """

    exact: Path
    data: Path
    preprocess: Preprocess
    limit: int

    def __call__(self, file: Path) -> tuple[str, str]:
        """Return top-1 of the float file, and by how many points a file differs from it."""
        of = self.preprocess
        asked = Asked(mean=of.mean, std=of.std, crop=of.crop)
        names = str(self.exact), str(file)
        found = evaluate(Question(names, self.data, asked, limit=self.limit))
        [one], top1 = found.comparisons, found.files[0].top1
        gap = one.difference
        if gap is None or top1 is None:
            raise InputError(f"{file} gives no scores of classes.")
        words = f"{100 * gap.difference:+.2f} ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})"
        return f"{100 * top1.share:.2f}", words


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--case", default="", help="only cases with this in their rows")
    parser.add_argument("--limit", type=int, default=1_000, help="test pictures")
    parser.add_argument("--more", type=float, default=2.0, help="dB asked for with float layers")
    arguments = parser.parse_args()
    print(
        "| network | float32 | int8, points | SQNR, dB | with float, points "
        "| SQNR asked for, had, for | litert-quantizer, points |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    for case in CASES:
        if arguments.case in f"{case.name}, {case.title}":
            print(row(case, arguments.data, arguments.limit, arguments.more), flush=True)


if __name__ == "__main__":
    main()
