"""How many arm64 instructions an inference takes: ours, the plain lowering, the floor, and peers.

Run: python benchmarks/instructions.py [NETWORK ...] [--schemes fp32,fp16,int8] [--ops]
     python benchmarks/instructions.py A.tflite B.tflite [--ops]

Each file runs on one thread in device_bench's virtual device, an arm64 core under QEMU whose clock
counts instructions: the second run after loading is counted, and the third has to take as many.
The count does not depend on the computer or its load. Figures are millions of instructions, and
behind them the ratio to the floor (`floor.py` says exactly what that is); between files it is the
ratio to the first.

--ops adds what LiteRT's profiler says, operator by operator, summed by kind and shape-free name, in
thousands of instructions, and the difference to the floor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from candidates import NETWORKS, SCHEME_WORDS, ours, plain, schemes_of

from _edgeship.device_bench.devices.virtual import VirtualDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.results.records import MeasurementSettings, Profile
from _edgeship.device_bench.runners.base import Job
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.errors import EdgeshipError, VerificationError

# The first run is reported by itself.
_SETTINGS = MeasurementSettings(
    warmup_runs=0, warmup_seconds=0.0, runs=2, seconds=0.0, rounds=1, timeout=600.0
)

# A lock or the allocator takes a few instructions more at times.
_MOST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Count:
    """What one file takes, in instructions.

    Attributes:
        run: One inference.
        init: From the start of reading the file until it is ready to run.
        first: The first inference.
        profile: Operator by operator, if it was asked for.
    """

    run: int
    init: int
    first: int
    profile: Profile | None


def count(files: Mapping[str, bytes], *, profile: bool = False) -> dict[str, Count]:
    """Return what files take, by the same keys.

    Args:
        files: The bytes of .tflite files.
        profile: Whether to ask the profiler too.

    Raises:
        DeviceError: The virtual device does not work here, or LiteRT refuses a file.
        VerificationError: Two runs of a file take different numbers of instructions.
    """
    runner = NativeRunner()
    counts = {}
    with tempfile.TemporaryDirectory() as folder, Workspace(VirtualDevice()) as workspace:
        runner.prepare(workspace)
        for key, data in files.items():
            path = Path(folder) / "model.tflite"
            path.write_bytes(data)
            job = Job(model=workspace.put(path), settings=_SETTINGS)
            process = runner.run(workspace, job).process
            if max(process.runs) - min(process.runs) > _MOST_DIFFERENCE * min(process.runs):
                raise VerificationError(
                    "Two runs of a file take different numbers of instructions.",
                    where=key,
                    why=f"they took {', '.join(map(str, process.runs))}",
                )
            seen = None
            if profile:
                job = Job(model=job.model, settings=_SETTINGS, want_profile=True)
                seen = runner.run(workspace, job).profile
            counts[key] = Count(min(process.runs), process.init, process.first, seen)
    return counts


def print_counts(title: str, counts: Mapping[str, Count], base: str) -> None:
    """Print a row for each file: run, ratio to one of them, init and first run."""
    for key, value in counts.items():
        print(
            f"| {title} | {key} | {value.run / 1e6:.3f} | {value.run / counts[base].run:.4f} "
            f"| {value.init / 1e6:.2f} | {value.first / 1e6:.2f} |",
            flush=True,
        )


def print_operators(counts: Mapping[str, Count]) -> None:
    """Print what the operators of each kind take, in thousands, and how many there are."""
    sums = {
        key: (Counter(op.name for op in value.profile.ops), _by_name(value.profile))
        for key, value in counts.items()
        if value.profile is not None
    }
    names = {name for _, taken in sums.values() for name in taken}
    print("\n| operator | " + " | ".join(sums) + " |\n|---|" + "--:|" * len(sums))
    for name in sorted(names, key=lambda name: -max(taken[name] for _, taken in sums.values())):
        cells = [f"{taken[name] / 1e3:.0f} ({number[name]})" for number, taken in sums.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    rest = [
        f"{(value.run - sum(taken.values())) / 1e3:.0f}"
        for value, (_, taken) in zip(counts.values(), sums.values(), strict=True)
    ]
    print("| outside of operators | " + " | ".join(rest) + " |\n", flush=True)


def _by_name(profile: Profile) -> Counter[str]:
    taken: Counter[str] = Counter()
    for op in profile.ops:
        taken[op.name] += op.time
    return taken


def _compare_network(name: str, schemes: Sequence[str], *, profile: bool) -> None:
    lowered, written = plain(name), ours(name, schemes)
    words = {scheme: word for word, scheme in SCHEME_WORDS.items()}
    for scheme in schemes:
        files = {
            "floor": lowered.floor.write(scheme),
            "ours": written[scheme],
            "plain": lowered.write(scheme),
        }
        counts = count(files, profile=profile)
        print_counts(f"{name} {words[scheme]}", counts, "floor")
        if profile:
            print_operators(counts)


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", default=NETWORKS, metavar="NETWORK or FILE.tflite")
    parser.add_argument("--schemes", default="fp32,fp16,int8")
    parser.add_argument("--ops", action="store_true", help="operator by operator, too")
    arguments = parser.parse_args()
    try:
        schemes = schemes_of(arguments.schemes)
        print("| | file | M instructions | ratio | init, M | first run, M |")
        print("|---|---|--:|--:|--:|--:|")
        files = [subject for subject in arguments.subjects if subject.endswith(".tflite")]
        if files:
            counts = count({file: Path(file).read_bytes() for file in files}, profile=arguments.ops)
            print_counts("", counts, files[0])
            if arguments.ops:
                print_operators(counts)
        for name in arguments.subjects:
            if name not in files:
                _compare_network(name, schemes, profile=arguments.ops)
    except EdgeshipError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
