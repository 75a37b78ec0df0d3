"""Every model of the registry on the GPU accelerator: what it takes, and how far off it is.

Run: python benchmarks/gpu_registry.py [PATTERN ...] [--side PIXELS] [--results FILE]
         [--limit SECONDS]

Random weights; float32, fp16 and int8; each as `--for gpu` writes it, and, where that is another
file, as it is written without. Both the CPU and the accelerator are compared with the captured
network in ONNX Runtime, on two pictures that calibration has not seen (four others, mse ranges;
noise where the input is no picture). Names run one after another, in the order of the patterns,
each in a process of its own with a limit: the accelerator may hang, and ends its own process.

What came of each name is added to FILE as a line of JSON at once, and names that FILE already holds
are not run again unless they failed, so that a stopped run goes on. Exits with 1 if a file made for
the GPU is wrong, or a name failed.

A file is right if the accelerator's outputs are within the export's tolerance for float32, and in
fp16 and int8 at most 3 dB below the SQNR of the CPU: rounding alone makes as much noise in both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from gpu_rows import files_in, rows, table

from _edgeship.errors import EdgeshipError
from _edgeship.export.calibration.input_spec import input_specs
from _edgeship.export.calibration.preprocess import default_preprocess
from _edgeship.export.calibration.samples import load_samples
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Job
from _edgeship.export.delegates.accelerator import find_accelerator
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.network import Network
from _edgeship.export.network.source import load_network
from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.child import end_group, late
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.gpu_run import run_on_gpu
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.export.tflite.writer import from_bytes
from _edgeship.export.tflite.writing import prepare
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import json_number
from _edgeship.export.verification.tolerance import TOLERANCES
from _edgeship.models import zoo

_SCHEMES = tuple(SCHEMES[name] for name in ("none", "fp16", "int8"))
_CALIBRATED, _CHECKED = 4, 2

#: Decibels that the accelerator may lie below the CPU.
_BELOW_CPU_DB = 3.0

#: What a file is made for.
_Made = Literal["gpu"] | None


@dataclass(frozen=True)
class File:
    """A file to ask the accelerator about.

    Attributes:
        made: What it is made for.
        scheme: Its scheme.
        data: The file.
        io: Its inputs and outputs.
    """

    made: _Made
    scheme: Scheme
    data: bytes
    io: FileIO


def job_of(network: Network, name: str) -> Job:
    """Return a network with its samples and outputs, ready to be lowered."""
    captured = network.definition.capture(network.shapes)
    graph, _ = rewrite(simplify(captured))
    specs = input_specs(captured)
    picture = next(iter(specs.values())).picture
    preprocess = network.preprocess or default_preprocess(3)
    source = "random" if picture is None or picture[0] not in (1, 3) else None
    samples = load_samples(source, specs, preprocess, limit=_CALIBRATED + _CHECKED).arrays
    checked = samples[-_CHECKED:]
    return Job(
        request=Request(name, schemes=tuple(scheme.name for scheme in _SCHEMES), ranges="mse"),
        network=network,
        model={},
        graph=graph,
        onnx_sha256="",
        samples=samples[:_CALIBRATED],
        checked=checked,
        reference=run_onnx(serialize(captured), checked),
        preprocess=preprocess,
        schemes=_SCHEMES,
    )


def files_of(job: Job) -> Iterator[File]:
    """Yield each file, and what it is made for; without `--for gpu` only those that differ."""
    written: dict[str, bytes] = {}
    makes: tuple[_Made, ...] = ("gpu", None)
    for made in makes:
        prepared = prepare(replace(job, request=replace(job.request, made_for=made)))
        observed = prepared.calibrate()
        for scheme in _SCHEMES:
            ranges = observed.ranges("mse", scheme.bits) if scheme.calibrated else {}
            data = prepared.write(scheme, ranges).data
            if written.setdefault(scheme.name, data) != data or made == "gpu":
                yield File(made, scheme, data, prepared.io)


def measure(job: Job, written: Sequence[File]) -> list[dict[str, Any]]:
    """Return what the accelerator makes of files, beside the CPU, as plain values.

    All are asked about in one process, then those that it does not take whole, each with the CPU's
    help and with the reasons.
    """
    sessions = [TFLiteSession(file.data, file.io) for file in written]
    queries = [
        Query(
            file.data,
            [session.feeds(sample) for sample in job.checked],
            [port.name for port in file.io.inputs],
            [port.name for port in file.io.outputs],
            [port.shape for port in file.io.outputs],
        )
        for file, session in zip(written, sessions, strict=True)
    ]
    found = []
    for file, session, answer in zip(
        written, sessions, find_accelerator().ask(queries), strict=True
    ):
        row = {"made": file.made or "", "scheme": file.scheme.suffix, "right": False}
        cpu = [session.run(sample) for sample in job.checked]
        row["cpu_db"] = json_number(compare(job.reference, cpu).sqnr_db)
        if answer.died:
            found.append(row | {"problem": answer.problem})
            continue
        try:
            outputs, taken = _outputs(job, file, session, answer)
        except EdgeshipError as error:
            found.append(row | {"problem": error.why})
            continue
        found.append(row | taken | _figures(job, file.scheme, cpu, outputs))
    return found


def _outputs(
    job: Job, file: File, session: TFLiteSession, answer: Answer
) -> tuple[Outputs, dict[str, Any]]:
    """Return the accelerator's outputs, and how many operators it took."""
    count = len(operations(from_bytes(file.data)))
    if not answer.problem:
        taken = count if answer.log.taken is None else answer.log.taken
        found = {"operators": count, "taken": taken, "left": []}
        return [session.results(raw) for raw in answer.outputs], found
    run = run_on_gpu(file.data, job.checked, file.io)
    if run.delegate is None:
        raise ValueError("a run on the accelerator without a report")
    left = [f"{count} {one.kind}: {one.reason}" for one, count in run.delegate.alike()]
    return run.outputs, {"operators": count, "taken": run.delegate.taken, "left": left}


def _figures(job: Job, scheme: Scheme, cpu: Outputs, gpu: Outputs) -> dict[str, Any]:
    """Return how far both are from the network and from each other, and whether that is right."""
    on_cpu, on_gpu = compare(job.reference, cpu), compare(job.reference, gpu)
    limit = TOLERANCES[scheme.tolerance].max_rel
    right = on_gpu.sqnr_db >= on_cpu.sqnr_db - _BELOW_CPU_DB
    if scheme.tolerance == "float" and limit is not None:
        right = on_gpu.max_rel <= limit
    return {
        "right": right,
        "problem": "",
        "gpu_db": json_number(on_gpu.sqnr_db),
        "apart_db": json_number(compare(cpu, gpu).sqnr_db),
        "gpu_rel": json_number(on_gpu.max_rel),
    }


def child(name: str, side: int | None) -> None:
    """Measure one name and print a JSON object."""
    start = time.perf_counter()
    shape = (1, *zoo.spec(name).input_size)
    if side is not None:
        shape = (*shape[:-2], *(min(extent, side) for extent in shape[-2:]))
    with load_network(name, shapes=(shape,)) as network:
        job = job_of(network, name)
        files = measure(job, list(files_of(job)))
    seconds = time.perf_counter() - start
    print(json.dumps({"name": name, "shape": shape, "files": files, "seconds": seconds}))


def run(name: str, side: int | None, limit_s: int) -> dict[str, Any]:
    """Return what came of one name, in a process of its own."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [sys.executable, __file__, name, "--child", *([f"--side={side}"] if side else [])],
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return {"name": name, "error": late(limit_s)}
        finally:
            end_group(process)
        out.seek(0)
        err.seek(0)
        if code == 0:
            found: dict[str, Any] = json.loads(out.read().splitlines()[-1])
            return found
        said = err.read().decode(errors="replace")[-500:].strip()
        return {"name": name, "error": said or f"it ended with code {code} and said nothing"}


def known(results: Path) -> list[dict[str, Any]]:
    """Return what a file of results holds; a last line that was cut off is taken out of it."""
    text = results.read_text() if results.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        print(f"{results}: the last line was cut off, so its name is run again", file=sys.stderr)
        results.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def run_all(
    names: Sequence[str], side: int | None, results: Path, limit_s: int
) -> list[dict[str, Any]]:
    """Return one object for each name, from the file or from a run of now."""
    found = {row["name"]: row for row in known(results) if "error" not in row}
    for name in names:
        if name in found:
            continue
        found[name] = run(name, side, limit_s)
        with results.open("a") as file:
            file.write(json.dumps(found[name]) + "\n")
        print("\n".join(rows(found[name])), file=sys.stderr, flush=True)
    return [found[name] for name in names]


def main() -> None:
    """Measure what the patterns match and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--side", type=int, help="pixels that an input has at most; all without")
    parser.add_argument("--results", type=Path, default=Path("build/gpu_registry.jsonl"))
    parser.add_argument("--limit", type=int, default=1200, help="seconds that a name may take")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.patterns, arguments.side)
        return
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    matched = [name for pattern in arguments.patterns for name in zoo.names(pattern)]
    names = [name for name in dict.fromkeys(matched) if zoo.spec(name).alias_of is None]
    found = run_all(names, arguments.side, arguments.results, arguments.limit)
    print(f"GPU: {find_accelerator().in_words}\n")
    print("\n".join(table(found)))
    wrong = [one for one in files_in(found) if one["made"] and not one["right"]]
    sys.exit(1 if wrong or any("error" in row for row in found) else 0)


if __name__ == "__main__":
    main()
