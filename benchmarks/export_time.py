"""Seconds and peak memory of each stage of an export, each run in a process of its own.

Run: python benchmarks/export_time.py [MODEL] [--runs N]

Prints the median over the runs of every stage, then the sums that users wait for: from an ONNX
graph to a float32 .tflite (lower and verify), and from there to int8 with 36 images (calibrate,
quantize and verify). Peak memory is the process's largest resident set when the stage ended.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def child(model: str) -> None:
    """Export once and print a JSON list of (stage, seconds, peak resident MiB)."""
    rows: list[tuple[str, float, float]] = []

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    start = time.perf_counter()
    import torch  # noqa: F401

    rows.append(("import torch", time.perf_counter() - start, peak()))
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import export

    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        request = Request(model, schemes=("none", "int8"), out=Path(folder) / "out")
        result = export(request, lambda stage: peaks.append(peak()))
    peaks.append(peak())
    # A stage's peak is known when the next one begins.
    rows += [
        (stage.stage, stage.seconds, after)
        for stage, after in zip(result.stages, peaks[1:], strict=True)
    ]
    print(json.dumps(rows))


def main() -> None:
    """Run the child several times and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="shufflenet_v2")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.model)
        return
    runs = []
    for _ in range(arguments.runs):
        command = [sys.executable, __file__, arguments.model, "--child"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = {
        row[0]: statistics.median(run[index][1] for run in runs)
        for index, row in enumerate(runs[0])
    }
    memory = {
        row[0]: statistics.median(run[index][2] for run in runs)
        for index, row in enumerate(runs[0])
    }
    print(f"{arguments.model}, median of {arguments.runs} runs\n")
    print("| stage | seconds | peak MiB |\n|---|---|---|")
    for stage, value in seconds.items():
        print(f"| {stage} | {value:.2f} | {memory[stage]:.0f} |")
    print(f"| all | {sum(seconds.values()):.2f} | {max(memory.values()):.0f} |")
    to_float = seconds["lower to TFLite"] + seconds["TFLite none"]
    print(f"\nONNX -> verified fp32 .tflite: {to_float:.2f} s")
    to_int8 = seconds["calibrate TFLite"] + seconds["TFLite int8"]
    print(f"from there to verified int8 with 36 images: {to_int8:.2f} s more")
    print(f"import torch and capture alone: {seconds['import torch'] + seconds['capture']:.2f} s")


if __name__ == "__main__":
    main()
