"""How well latency is predicted: families of networks held out, predicted against measured.

Run: python benchmarks/predict.py [--device local] [--rounds 10] [--seconds 0.3]
         [--folder build/prediction] [--store build/prediction/DEVICE.sqlite] [--again]

Networks of the registry (`device_bench/prediction/networks.py`) are exported in float32 and int8,
once, into the folder, and measured in interleaved rounds, each also with a profile of its
operators. Then each family is predicted by what all other families teach, and never by a network of
its own. What the store has already is not measured again, unless --again is given.

The table has, for each file, the median of its runs, the prediction, and, to compare with, what
mult-adds alone predict: at the median rate of the other families' files of the same type.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from _edgeship.device_bench.devices.find import find
from _edgeship.device_bench.measurement.session import measure
from _edgeship.device_bench.measurement.settings import MeasurementOptions
from _edgeship.device_bench.prediction.examples import Example
from _edgeship.device_bench.prediction.held_out import HeldOut, hold_out, median_error
from _edgeship.device_bench.prediction.measured import Usable, usable
from _edgeship.device_bench.prediction.model import Setup
from _edgeship.device_bench.prediction.networks import NETWORKS
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.results.units import amount
from _edgeship.device_bench.runners.find import runner
from _edgeship.device_bench.store.store import Store
from _edgeship.errors import EdgeshipError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.files import sha256_of

SCHEMES = ("none", "int8")


def files_in(folder: Path) -> list[Path]:
    """Return the files of all networks, exporting those that are missing."""
    found: list[Path] = []
    for name, size in NETWORKS:
        own = folder / f"{name}@{size}"
        if len(list(own.glob("*.tflite"))) < len(SCHEMES):
            print(f"exporting {own.name}", file=sys.stderr, flush=True)
            shapes = ((1, 3, size, size),)
            export(Request(name, schemes=SCHEMES, shapes=shapes, calib="random", out=own))
        found += sorted(own.glob("*.tflite"))
    return found


def measured(
    files: Sequence[Path], device: Device, options: MeasurementOptions, store: Path, *, again: bool
) -> list[Usable]:
    """Return the newest measurement of each file, measuring those that the store lacks."""
    wanted = {sha256_of(file): file for file in files}
    with Store(store) as kept:
        there = usable(kept.sessions(), device.selector, Setup())
        known = set() if again else {one.learned.sha256 for one in there}
        missing = [file for digest, file in wanted.items() if digest not in known]
        if missing:
            print(f"measuring {len(missing)} files", file=sys.stderr, flush=True)
            measure(
                device,
                [runner("native")],
                missing,
                options.settings(device),
                command=" ".join(sys.argv),
                profile=True,
                on_event=kept.listener,
            )
        found = usable(kept.sessions(), device.selector, Setup())
    return [one for one in found if one.learned.sha256 in wanted]


def by_mult_adds(example: Example, examples: Sequence[Example]) -> float:
    """Return the time that mult-adds alone predict, at the median rate of other families."""
    others = [
        one for one in examples if one.family != example.family and one.dtype == example.dtype
    ]
    rate = float(np.median([one.run / one.network.mult_adds for one in others]))
    return rate * example.network.mult_adds


def print_table(examples: Sequence[Example], held_out: Sequence[HeldOut], unit: str) -> None:
    """Print a Markdown table of one type of files, and the errors."""
    of = {(one.name, one.dtype): one for one in examples}
    print("| family held out | network | measured | predicted | error | by mult-adds alone |")
    print("|---|---|--:|--:|--:|--:|")
    plain = []
    for one in held_out:
        alone = by_mult_adds(of[one.name, one.dtype], examples) / one.measured - 1
        plain.append(abs(alone))
        print(
            f"| {one.family} | {one.name} | {amount(one.measured, unit)} | "
            f"{amount(one.predicted, unit)} | {one.error:+.1%} | {alone:+.0%} |"
        )
    worst = max(held_out, key=lambda one: abs(one.error))
    print(
        f"\nmedian error {median_error(held_out):.1%}, worst {abs(worst.error):.1%} "
        f"({worst.name}); "
        f"by mult-adds alone {np.median(plain):.0%}, worst {max(plain):.0%}\n",
        flush=True,
    )


def main() -> None:
    """Measure, hold out and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="local")
    parser.add_argument("--rounds", type=int, help="default: 10; 2 on virtual")
    parser.add_argument("--seconds", type=float, help="of timed runs per process")
    parser.add_argument("--folder", type=Path, default=Path("build/prediction"))
    parser.add_argument("--store", type=Path)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    try:
        device = find(arguments.device)
        name = device.selector.replace(":", "-")
        store = arguments.store or arguments.folder / f"{name}.sqlite"
        options = MeasurementOptions(rounds=arguments.rounds, seconds=arguments.seconds)
        files = files_in(arguments.folder)
        found = measured(files, device, options, store, again=arguments.again)
    except EdgeshipError as error:
        sys.exit(str(error))
    examples = [one.example for one in found]
    held_out = hold_out(examples)
    for dtype in sorted({one.dtype for one in examples}):
        print(f"\n{device.selector}, {found[-1].runtime}, {dtype}\n")
        print_table(examples, [one for one in held_out if one.dtype == dtype], device.unit)


if __name__ == "__main__":
    main()
