"""Whether `compare` can be trusted: a file against itself, and against one with more work.

Run: python benchmarks/verdicts.py [--device local] [--repeats 20] [--rounds N]

A chain of 21 equal convolutions is compared with itself and with one of 22, which is 5 % more work;
the exact figure is what the virtual device counts. Each repeat is a session of its own, run by the
command that users type. Exits with 1 if a verdict was wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, MORE = 21, 22


def chain(layers: int, channels: int = 32, side: int = 28) -> onnx.ModelProto:
    """Return a network of 3x3 convolutions with ReLU, 1x3x28x28 -> 1x32."""
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "image"
    for index in range(layers):
        inputs = channels if index else 3
        values = rng.standard_normal((channels, inputs, 3, 3)) / np.sqrt(4.5 * inputs)
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{index}"))
        nodes.append(helper.make_node("Conv", [last, f"w{index}"], [f"c{index}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"]))
        last = f"r{index}"
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["scores"]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, channels])
    graph = helper.make_graph(nodes, "chain", [image], [scores], weights)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9)


def python(*words: str) -> str:
    """Run a command of edgeship and return what it prints."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def write(folder: Path, layers: int) -> Path:
    """Export a chain and return its float32 file."""
    source = folder / f"chain{layers}.onnx"
    onnx.save(chain(layers), source)
    out = folder / str(layers)
    python("export", str(source), "--quant", "none", "--calib", "random", "--out", str(out))
    return next(out.glob("*.tflite"))


def compare(files: list[Path], device: str, folder: Path, rounds: list[str]) -> list[Any]:
    """Return the comparisons of the files with the first."""
    words = ["device_bench", "compare", *map(str, files), "--device", device, *rounds, "--json"]
    words += ["--seconds", "0.3", "--warmup", "0.1"] if device != "virtual" else []
    answer = json.loads(python(*words, "--store", str(folder / "verdicts.sqlite")))
    found: list[Any] = answer["sessions"][0]["comparisons"]
    return found


def main() -> int:
    """Compare again and again, and count the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="local")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    rounds = ["--rounds", str(options.rounds)] if options.rounds else []
    same = slower = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, more = write(folder, LAYERS), write(folder, MORE)
        for number in range(options.repeats):
            itself, longer = compare([base, base, more], options.device, folder, rounds)
            same += itself["verdict"] == "no difference shown"
            slower += longer["verdict"] == "slower"
            print(
                f"{number + 1}: itself {itself['ratio']:.4f} {itself['verdict']}, "
                f"{MORE} layers {longer['ratio']:.4f} {longer['verdict']}",
                flush=True,
            )
    print(f"itself: no difference shown in {same} of {options.repeats}")
    print(f"{MORE} instead of {LAYERS} layers: slower in {slower} of {options.repeats}")
    return 0 if same == slower == options.repeats else 1


if __name__ == "__main__":
    sys.exit(main())
