"""The program of the process in which OpenVINO runs: it may crash there.

It is started with a folder that holds ``job.json``, and imports nothing of edgeship. It writes
outputs to ``SAMPLE.PORT.out.npy``, or why OpenVINO refuses the file to ``refused.txt``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

# OpenVINO reports each import to its makers, and keeps an identifier of the user. Where this
# package is missing it does without.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402


def main(folder: Path) -> None:
    """Run all samples of a job."""
    job = json.loads((folder / "job.json").read_text())
    core = openvino.Core()
    try:
        model = core.read_model(str(folder / "file.tflite"))
        # Elsewhere than on x86, float16 is the default.
        run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:  # what OpenVINO's binding raises
        (folder / "refused.txt").write_text(str(error))
        return
    for sample in range(job["samples"]):
        feeds = {
            name: np.load(folder / f"{sample}.{port}.npy")
            for port, name in enumerate(job["inputs"])
        }
        results = run(feeds)
        for port, name in enumerate(job["outputs"]):
            np.save(folder / f"{sample}.{port}.out.npy", results[name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
