"""What absorbing channel shuffles into the weights saves: one-thread LiteRT time with and without.

Run: python benchmarks/shuffle_time.py [MODEL ...] [--rounds N]

The network is captured once and lowered twice, with the pass and without it, in float32 and int8.
The files run in turn, A B A B, in one process; the figure is the median of the ratios of neighbours
with the middle half of them in brackets.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from _edgeship.export import passes
from _edgeship.export.calibration.input_spec import input_specs
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import load_samples
from _edgeship.export.network.source import load_network
from _edgeship.export.passes.absorb_permutations import absorb_permutations
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model


def build(model: str, absorb: bool) -> tuple[dict[str, bytes], str]:
    """Return the float32 and int8 files of a network, and its operators in words."""
    network = load_network(model)
    graph = simplify(network.definition.capture(network.shapes))
    every = passes.PASSES
    passes.PASSES = tuple(p for p in every if absorb or p is not absorb_permutations)
    try:
        graph, _ = passes.rewrite(graph)
    finally:
        passes.PASSES = every
    lowered = lower(fold_frames(graph)[0])
    data = to_bytes(to_model(lowered.graph, lowered.io, model))
    preprocess = network.preprocess or Preprocess((0.5,) * 3, (0.5,) * 3)
    samples = load_samples(None, input_specs(graph), preprocess, limit=8)
    ranges = activation_ranges(data, samples.arrays, lowered.io)
    kinds = Counter(op.kind for op in lowered.graph.ops).most_common()
    words = ", ".join(f"{count} {kind}" for kind, count in kinds)
    return {"float32": data, "int8": quantize(data, "int8", ranges)}, words


def runner(data: bytes) -> Callable[[], float]:
    """Return a function that runs a file once and returns the seconds."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    port = interpreter.get_input_details()[0]
    interpreter.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))

    def run() -> float:
        start = time.perf_counter()
        interpreter.invoke()
        return time.perf_counter() - start

    return run


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["shufflenet_v2"])
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    print("| model | type | with the pass | without | with / without |\n|---|---|---|---|---|")
    for model in arguments.models:
        with_pass, operators = build(model, True)
        without, operators_before = build(model, False)
        for kind in with_pass:
            a, b = runner(with_pass[kind]), runner(without[kind])
            for _ in range(20):
                a(), b()
            pairs = np.array([(a(), b()) for _ in range(arguments.rounds)])
            low, middle, high = np.percentile(pairs[:, 0] / pairs[:, 1], [25, 50, 75])
            medians = np.median(pairs, axis=0) * 1e3
            print(
                f"| {model} | {kind} | {medians[0]:.2f} ms | {medians[1]:.2f} ms "
                f"| {middle:.3f} [{low:.3f}, {high:.3f}] |"
            )
        print(f"\nwith: {operators}\n\nwithout: {operators_before}\n")


if __name__ == "__main__":
    main()
