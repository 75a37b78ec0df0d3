"""How many arm64 instructions an inference takes: ours, the plain lowering, the floor, and peers.

Run: python benchmarks/instructions.py [NETWORK ...] [--schemes fp32,fp16,int8] [--ops]
         [--against NETWORK_SCHEME_PEER.tflite,...]
     python benchmarks/instructions.py A.tflite B.tflite [--ops]

Each file runs on one thread in device_bench's virtual device, an arm64 core under QEMU whose clock
counts instructions: the second run after loading is counted. The count depends neither on the
computer nor on its load; it is the same each time up to some hundred instructions of a lock or the
allocator. Figures are millions of instructions, and behind them the ratio to the floor (`floor.py`
says exactly what that is); between files it is the ratio to the first.

The conversions to float16 of inputs that only a fp16 floor has are taken off its count.

--ops adds what LiteRT's profiler says, operator by operator, summed by the names of XNNPACK's
kernels: thousands of instructions, how many operators, and, behind the first file, what that is
above or below the first file, as a part of the whole first file.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from candidates import NETWORKS, SCHEME_WORDS, ours, peer_files, peers_of, plain, schemes_of
from counting import Count, count
from floor import Floor

from _edgeship.errors import EdgeshipError

_CONVERSION = "Convert"


def print_counts(title: str, counts: Mapping[str, Count]) -> None:
    """Print a row for each file: run, ratio to the first one, init and first run."""
    base = next(iter(counts.values()))
    for key, value in counts.items():
        print(
            f"| {title} | {key} | {value.run / 1e6:.3f} | {value.run / base.run:.4f} "
            f"| {value.init / 1e6:.2f} | {value.first / 1e6:.2f} |",
            flush=True,
        )


def print_operators(counts: Mapping[str, Count]) -> None:
    """Print what the operators of each kind take, those first that differ most from the first."""
    taken = {key: _by_name(value) for key, value in counts.items()}
    number = {key: _names(value) for key, value in counts.items()}
    first, *others = counts
    kinds = {name for sums in taken.values() for name in sums}

    def over(key: str, kind: str) -> int:
        return taken[key][kind] - taken[first][kind]

    print("\n| operators | " + " | ".join(counts) + " |\n|---|" + "--:|" * len(counts))
    for kind in sorted(
        kinds, key=lambda kind: (*(-abs(over(key, kind)) for key in others), -taken[first][kind])
    ):
        cells = [f"{taken[first][kind] / 1e3:.0f} ({number[first][kind]})"]
        cells += [
            f"{taken[key][kind] / 1e3:.0f} ({number[key][kind]}) "
            f"{over(key, kind) / counts[first].run:+.2%}"
            for key in others
        ]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print(flush=True)


def _by_name(counted: Count) -> Counter[str]:
    """Return the instructions of the operators of each name, and of what is none of them."""
    taken: Counter[str] = Counter()
    for op in counted.profile.ops if counted.profile else ():
        taken[op.name] += op.time
    taken["outside of operators"] = counted.run - taken.total()
    return taken


def _names(counted: Count) -> Counter[str]:
    return Counter(op.name for op in counted.profile.ops) if counted.profile else Counter()


def _without_conversions(counted: Count, floor: Floor) -> Count:
    """Return what a fp16 floor takes without the conversions of inputs that are the floor's own."""
    taken = sum(value for key, value in _by_name(counted).items() if key.startswith(_CONVERSION))
    return counted.model_copy(update={"run": counted.run - round(taken * (1 - floor.own_share))})


def _compare_network(
    name: str, schemes: Sequence[str], against: Sequence[Path], *, profile: bool
) -> None:
    lowered, written = plain(name), ours(name, schemes)
    words = {scheme: word for word, scheme in SCHEME_WORDS.items()}
    for scheme in schemes:
        counts = count({"floor": lowered.floor.write(scheme)}, profile=profile or scheme == "fp16")
        if scheme == "fp16":
            counts["floor"] = _without_conversions(counts["floor"], lowered.floor)
        files = {"ours": written[scheme], "plain": lowered.write(scheme)}
        counts |= count(files | peers_of(name, words[scheme], against), profile=profile)
        print_counts(f"{name} {words[scheme]}", counts)
        if profile:
            print_operators(counts)


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", default=NETWORKS, metavar="NETWORK or FILE.tflite")
    parser.add_argument("--schemes", default="fp32,fp16,int8")
    parser.add_argument("--ops", action="store_true", help="operator by operator, too")
    parser.add_argument("--against", default="", metavar="FILE,...", help="other tools' files")
    arguments = parser.parse_args()
    files = [subject for subject in arguments.subjects if subject.endswith(".tflite")]
    names = [subject for subject in arguments.subjects if subject not in files]
    try:
        schemes = schemes_of(arguments.schemes)
        against = peer_files(arguments.against, names)
        print("| | file | M instructions | ratio | init, M | first run, M |")
        print("|---|---|--:|--:|--:|--:|", flush=True)
        if files:
            contents = {file: Path(file).read_bytes() for file in files}
            counts = count(contents, profile=arguments.ops)
            print_counts("", counts)
            if arguments.ops:
                print_operators(counts)
        for name in names:
            _compare_network(name, schemes, against, profile=arguments.ops)
    except EdgeshipError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
