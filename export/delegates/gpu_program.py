"""The program of the process in which the GPU accelerator runs: it may crash or hang there.

It is started with a folder that holds ``job.json``, and imports nothing of edgeship. For each query
it writes what the accelerator prints to ``INDEX.log``, outputs to ``INDEX.SAMPLE.PORT.out.npy``,
and a line of JSON to ``answers.jsonl``. A query that takes longer than its limit ends the process
by SIGALRM, whose default action needs no cooperation of native code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
from ai_edge_litert.options import CpuOptions, GpuOptions, Options

#: Types of elements that the binding reads and writes.
_KNOWN = [np.dtype(kind) for kind in ("float32", "int32", "int8", "uint8", "bool")]


def main(folder: Path) -> None:
    """Answer all queries of a job, in order, then end at once: taking things down may crash."""
    job = json.loads((folder / "job.json").read_text())
    with (folder / "answers.jsonl").open("w") as answers:
        for index, query in enumerate(job["queries"]):
            log = os.open(folder / f"{index}.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(log, 2)
            os.close(log)
            signal.alarm(job["limit_s"])
            try:
                _answer(folder, index, query)
                line: dict[str, Any] = {"refused": None}
            except (RuntimeError, ValueError) as error:  # what the runtime's binding raises
                line = {"refused": str(error)}
            signal.alarm(0)
            answers.write(json.dumps(line) + "\n")
            answers.flush()
    os._exit(0)


def _answer(folder: Path, index: int, query: dict[str, Any]) -> None:
    accelerators = HardwareAccelerator.GPU
    if query["fallback"]:
        accelerators |= HardwareAccelerator.CPU
    options = Options(
        hardware_accelerators=accelerators,
        cpu_options=CpuOptions(num_threads=os.cpu_count() or 1),
        gpu_options=GpuOptions(enforce_f32=not query["half"]),
    )
    model = CompiledModel.from_file(str(folder / query["file"]), options=options)
    if not query["samples"]:
        return
    signature = model.get_signature_by_index(0)
    details = model.get_output_tensor_details(signature["key"])
    inputs = model.create_input_buffers(0)
    outputs = model.create_output_buffers(0)
    order = _places(signature["inputs"], query["inputs"])
    results = _places(signature["outputs"], query["outputs"])
    for sample in range(query["samples"]):
        for port, place in enumerate(order):
            array = np.load(folder / f"{index}.{sample}.{port}.npy")
            _write(inputs[place], np.ascontiguousarray(array).reshape(-1))
        model.run_by_index(0, inputs, outputs)
        for port, place in enumerate(results):
            detail = details[signature["outputs"][place]]
            shape = query["shapes"][port]
            count = int(np.prod(shape, dtype=np.int64))
            array = _read(outputs[place], count, np.dtype(detail["dtype"]))
            np.save(folder / f"{index}.{sample}.{port}.out.npy", array.reshape(shape))


def _write(buffer: Any, array: Any) -> None:
    """Write an array; types that the binding does not know as their bytes."""
    buffer.write(array if array.dtype in _KNOWN else array.view(np.int8))


def _read(buffer: Any, count: int, dtype: Any) -> Any:
    """Read an array, likewise."""
    if dtype in _KNOWN:
        return np.array(buffer.read(count, dtype))
    return np.array(buffer.read(count * dtype.itemsize, np.int8)).view(dtype)


def _places(names: list[str], wanted: list[str]) -> list[int]:
    """Return where each wanted port is: by name if the file knows all names, else in order."""
    if set(wanted) <= set(names):
        return [names.index(name) for name in wanted]
    return list(range(len(wanted)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
