"""Running a .tflite file in a browser: WebAssembly or WebGPU, and what of it runs there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from _edgeship.export.delegates.gpu_log import read_log
from _edgeship.export.delegates.report import ACCELERATOR, DelegateReport, Left, Run
from _edgeship.export.runtimes.browser_run import open_page
from _edgeship.export.runtimes.browser_server import Exchange
from _edgeship.export.runtimes.tflite_apart import SessionApart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.reading import read_model

#: What `verify` calls them.
WASM, WEBGPU = "browser-wasm", "browser-webgpu"

BROWSER_RUNTIMES = (WASM, WEBGPU)

#: What stands for both.
BROWSER = "browser"


def run_in_browser(data: bytes, samples: Sequence[Sample], io: FileIO, runtime: str = WASM) -> Run:
    """Run a file in a page with LiteRT.js.

    Args:
        data: The whole file.
        samples: As for `export.runtimes.running.run_tflite`.
        io: Likewise.
        runtime: One of `BROWSER_RUNTIMES`.

    Raises:
        InputError: There is no browser, or LiteRT.js cannot be had.
        VerificationError: The page or the browser fails on the file.
    """
    with SessionApart(data, io) as session:
        inputs = {
            (number, port): np.ascontiguousarray(array).tobytes()
            for number, sample in enumerate(samples)
            for port, array in enumerate(session.feeds(sample))
        }
        job: dict[str, object] = {
            "accelerator": runtime.removeprefix("browser-"),
            "samples": len(samples),
            "inputs": [port.name for port in io.inputs],
            "outputs": [port.name for port in io.outputs],
        }
        page = open_page(data, job, inputs)
        outputs = [
            session.results(
                [
                    np.frombuffer(page.outputs[number, port], dtype).reshape(io.outputs[port].shape)
                    for port, dtype in enumerate(session.output_types)
                ]
            )
            for number in range(len(samples))
        ]
    return Run(outputs, _report(data, page) if runtime == WEBGPU else None)


def _report(data: bytes, page: Exchange) -> DelegateReport:
    """Return what WebGPU takes of a file, from what LiteRT.js prints."""
    count = len(read_model(data).subgraphs[0].operators)
    log = read_log("\n".join(page.log))
    taken = log.taken if log.taken is not None else (count if page.whole else 0)
    left = tuple(Left(kind, reason) for kind, reason in log.refusals) if taken < count else ()
    return DelegateReport(
        delegate="WebGPU",
        operators=count,
        taken=taken,
        partitions=max(log.partitions, min(1, taken)),
        left=left,
        device=page.device,
        software=True,
        precision="float32",
        source=ACCELERATOR,
    )
