"""The program of the runner "python": it runs in a process of its own, on one file.

It is copied into the workspace and started there with one argument, a JSON object, and prints
another (`device_bench/runners/interpreter.py` has the other end of both). It imports nothing of
edgeship, so that it measures the runtime and not us.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

# An upper bound, so that a tiny network does not fill the memory with numbers.
_MAX_RUNS = 20_000


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Run a file as ordered and return the report."""
    if order["cores"]:
        if not hasattr(os, "sched_setaffinity"):
            raise SystemExit("Cores cannot be chosen on this system.")
        # Before the runtime is loaded: threads that it makes inherit the choice.
        os.sched_setaffinity(0, order["cores"])
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    start = time.perf_counter_ns()
    interpreter = Interpreter(order["model"], num_threads=order["threads"])
    interpreter.allocate_tensors()
    init = time.perf_counter_ns() - start

    model = schema.Model.GetRootAs(Path(order["model"]).read_bytes())
    inputs, outputs = _ports(model, interpreter)
    _fill(interpreter, inputs, order["inputs"], np)

    gc.collect()
    gc.disable()
    (first,) = _repeat(interpreter, 1, 0.0)
    warmup = _repeat(interpreter, order["warmup_runs"], order["warmup_seconds"])
    runs = _repeat(interpreter, order["runs"], order["seconds"])

    values = [np.ascontiguousarray(interpreter.get_tensor(index)).tobytes() for index in outputs]
    if order["outputs"]:
        folder = Path(order["outputs"])
        folder.mkdir()
        for number, value in enumerate(values):
            (folder / str(number)).write_bytes(value)
    process = {
        "runner": "python",
        "runtime": f"LiteRT {version('ai-edge-litert')}",
        "init": init,
        "first": first,
        "warmup": warmup,
        "runs": runs,
        "peak_rss_bytes": _peak_rss_bytes(),
        "outputs_sha256": hashlib.sha256(b"".join(values)).hexdigest(),
    }
    return {"process": process, "outputs": len(outputs)}


def _ports(model: Any, interpreter: Any) -> tuple[list[int], list[int]]:
    """Return the tensors of inputs and outputs in the order of the file's first signature.

    The interpreter lists a signature's names in alphabetical order, so the file itself is asked.
    """
    if model.SignatureDefsLength() == 0:
        return (
            [detail["index"] for detail in interpreter.get_input_details()],
            [detail["index"] for detail in interpreter.get_output_details()],
        )
    signature = model.SignatureDefs(0)
    if signature.SubgraphIndex() != 0:
        raise SystemExit("The file's first signature is not about its first subgraph.")
    return (
        [signature.Inputs(i).TensorIndex() for i in range(signature.InputsLength())],
        [signature.Outputs(i).TensorIndex() for i in range(signature.OutputsLength())],
    )


def _fill(interpreter: Any, inputs: list[int], files: list[str], np: Any) -> None:
    """Set the inputs from files of raw bytes, or to zeros without any."""
    if files and len(files) != len(inputs):
        raise SystemExit(f"The file has {len(inputs)} inputs, and {len(files)} were given.")
    details = {detail["index"]: detail for detail in interpreter.get_input_details()}
    for number, index in enumerate(inputs):
        shape, dtype = details[index]["shape"], np.dtype(details[index]["dtype"])
        value = np.zeros(shape, dtype)
        if files:
            data = Path(files[number]).read_bytes()
            if len(data) != value.nbytes:
                raise SystemExit(
                    f"Input {number} takes {value.nbytes} bytes, and {len(data)} were given."
                )
            value = np.frombuffer(data, dtype).reshape(shape)
        interpreter.set_tensor(index, value)


def _repeat(interpreter: Any, runs: int, seconds: float) -> list[int]:
    """Run at least ``runs`` times and ``seconds`` long; return the nanoseconds of each run."""
    times: list[int] = []
    end = time.perf_counter_ns() + round(seconds * 1e9)
    while (len(times) < runs or time.perf_counter_ns() < end) and len(times) < _MAX_RUNS:
        start = time.perf_counter_ns()
        interpreter.invoke()
        times.append(time.perf_counter_ns() - start)
    return times


def _peak_rss_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage counts on Linux is at least the memory of the process that started this
        # one, which is larger than a small network and its runtime.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of macOS, in bytes


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
