"""How long an inference takes on this computer: ours, the plain lowering, the floor, and peers.

Run: python benchmarks/latency.py [NETWORK ...] [--schemes fp32,fp16,int8] [--rounds N]
         [--against NETWORK_SCHEME_PEER.tflite,...]
     python benchmarks/latency.py A.tflite B.tflite

All files of a network and scheme run in turn, A B A B, in one process with one thread. A round
gives each file's time as a ratio to the first file's; the figure is the median over the rounds,
with the middle half of them in brackets. The floor is the network without movement (`floor.py`).
fp16 files are measured as well, though processors without float16 arithmetic compute them in
float32.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from candidates import NETWORKS, SCHEME_WORDS, ours, peer_files, peers_of, plain, schemes_of

from _edgeship.errors import EdgeshipError

_WARM_UP = 20


def print_times(title: str, files: Mapping[str, bytes], rounds: int) -> None:
    """Measure files in turn and print a row for each: median, and ratio to the first."""
    runs = [runner(data) for data in files.values()]
    for _ in range(_WARM_UP):
        for run in runs:
            run()
    seconds = np.array([[run() for run in runs] for _ in range(rounds)])
    ratios = np.percentile(seconds / seconds[:, :1], [25, 50, 75], axis=0).T
    for key, (low, middle, high), median in zip(
        files, ratios, np.median(seconds, axis=0), strict=True
    ):
        print(
            f"| {title} | {key} | {median * 1e3:.2f} ms | {middle:.3f} [{low:.3f}, {high:.3f}] |",
            flush=True,
        )


def runner(data: bytes) -> Callable[[], float]:
    """Return a function that runs a file once and returns the seconds."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    for port in interpreter.get_input_details():
        interpreter.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))

    def run() -> float:
        start = time.perf_counter()
        interpreter.invoke()
        return time.perf_counter() - start

    return run


def _compare_network(
    name: str, schemes: Sequence[str], against: Sequence[Path], rounds: int
) -> None:
    lowered, written = plain(name), ours(name, schemes)
    words = {scheme: word for word, scheme in SCHEME_WORDS.items()}
    for scheme in schemes:
        files = {
            "floor": lowered.floor.write(scheme),
            "ours": written[scheme],
            "plain": lowered.write(scheme),
            **peers_of(name, words[scheme], against),
        }
        print_times(f"{name} {words[scheme]}", files, rounds)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", default=NETWORKS, metavar="NETWORK or FILE.tflite")
    parser.add_argument("--schemes", default="fp32,fp16,int8")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--against", default="", metavar="FILE,...", help="other tools' files")
    arguments = parser.parse_args()
    files = [subject for subject in arguments.subjects if subject.endswith(".tflite")]
    names = [subject for subject in arguments.subjects if subject not in files]
    try:
        schemes = schemes_of(arguments.schemes)
        against = peer_files(arguments.against, names)
        print("| | file | median | ratio |\n|---|---|--:|--:|", flush=True)
        if files:
            contents = {file: Path(file).read_bytes() for file in files}
            print_times("", contents, arguments.rounds)
        for name in names:
            _compare_network(name, schemes, against, arguments.rounds)
    except EdgeshipError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
