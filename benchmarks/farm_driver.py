"""What the driver of a sweep costs for each file and each job, where the work itself takes no time.

Run: python benchmarks/farm_driver.py [--files 10000] [--phones 1000] [--works 100000]

Exports and measurements are made by an engine that answers at once. What is left is planning, keys,
queues and the folder of artifacts; processes and Ray are measured by themselves, with jobs that do
nothing.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import checkout  # noqa: F401

from _edgeship.device_bench.farm.phones import Phones
from _edgeship.device_bench.farm.values import Measured, Work
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.export.sweep.artifacts import Artifacts
from _edgeship.export.sweep.jobs import Engine, Job, Message, Outcome
from _edgeship.export.sweep.processes import Processes
from _edgeship.export.sweep.running import Exports, Finished, drive
from _edgeship.export.sweep.sweep_file import Limits
from _edgeship.export.sweep.variants import Variant
from tests.export.sweep.scripted import Scripted

SCHEMES = ("none", "dynamic", "int8")


def nothing() -> None:
    """Check nothing."""


def timed(word: str, count: int, work: Callable[[], object]) -> None:
    """Do something, and print what it took for each of ``count``."""
    began = time.perf_counter()
    work()
    taken = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    each = 1e3 * taken / count
    text = f"{word}: {taken:.1f} s, {each:.2f} ms each; peak memory {memory:.0f} MB"
    # While an engine of Ray's runs, sys.stdout is not ours.
    print(text, file=sys.__stdout__, flush=True)


def made(job: Job) -> Sequence[Message | Outcome]:
    """Return the outcome of an export that took no time."""
    found = {}
    for scheme in job.payload["schemes"]:
        assert job.result is not None
        folder = job.result / scheme
        folder.mkdir(parents=True)
        (folder / "net.tflite").write_bytes(b"")
        found[scheme] = {"file": "net.tflite", "sha256": scheme, "size": 0, "sqnr_db": 30.0}
    return [Outcome(job.id, "done", {"made": found, "failed": {}, "whole": False})]


def exports(folder: Path, files: int) -> None:
    """Plan and make exports, and find them again."""
    variants = []
    for place in range(files // len(SCHEMES)):
        (folder / f"{place}.onnx").write_bytes(f"{place}".encode())
        variants += [Variant(f"{place}", f"{place}.onnx", "tflite", each) for each in SCHEMES]
    found: list[Finished] = []
    for word in ("exports made", "exports found again"):
        found.clear()
        with Artifacts(folder / "out") as artifacts:
            source = Exports(artifacts, folder, Limits(), found.append)

            def run(source: Exports = source) -> None:
                source.plan(variants, nothing)
                drive(Scripted(made), [source], nothing)

            timed(f"{len(variants)} {word}", len(variants), run)
    assert all(one.before for one in found)
    stored = [path for path in (folder / "out").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in stored) / len(variants)
    print(f"beside its files, an artifact takes {size / 1e3:.1f} kB in the folder")


def measurements(phones: int, works: int) -> None:
    """Give works to phones of ten models."""

    def answer(job: Job) -> Sequence[Message | Outcome]:
        if job.function.endswith("measure_files"):
            return [Outcome(job.id, "done", {"session": "s"})]
        model = f"model {int(job.device[4:]) % 10}"
        properties = {"selector": job.device, "model": model, "abi": "arm64-v8a"}
        settings = MeasurementSettings().model_dump(mode="json")
        return [Outcome(job.id, "done", {"properties": properties, "settings": settings})]

    found: list[Measured] = []
    source = Phones(
        [f"adb:{place}" for place in range(phones)],
        on=("any",),
        options={},
        root=Path(),
        command="",
        known=lambda digests: {},
        keep=lambda event: None,
        tell=found.append,
    )
    for place in range(works):
        source.add(Work(f"{place}", {f"{place}.tflite": f"{place}"}))
    timed(
        f"{works} jobs on {phones} phones",
        works,
        lambda: drive(Scripted(answer), [source], nothing),
    )
    assert len(found) == works


def run_jobs(engine: Engine, count: int, folder: Path, function: str, **payload: object) -> None:
    """Run jobs that do nothing but start, or say something."""
    left, running = count, 0
    while left or running:
        while left and engine.room() > 0:
            name = f"{function}-{left}"
            engine.submit(
                Job(
                    id=name,
                    function=f"tests.export.sweep.jobs_to_run:{function}",
                    payload=payload,
                    memory_bytes=10**9,
                    seconds=600.0,
                    root=folder,
                    result=folder / f"{type(engine).__name__}-{name}",
                )
            )
            left, running = left - 1, running + 1
        running -= sum(isinstance(one, Outcome) for one in engine.wait(1.0))


def engines(folder: Path, jobs: int, messages: int) -> None:
    """Measure processes and Ray with jobs that do nothing."""
    from _edgeship.export.sweep.ray_engine import RayEngine

    makers: dict[str, Callable[[], Engine]] = {"processes": lambda: Processes(2), "Ray": RayEngine}
    for word, start in makers.items():
        engine = start()
        try:
            run_jobs(engine, 2, folder, "answer", text="")  # Ray starts its workers

            def empty(engine: Engine = engine) -> None:
                run_jobs(engine, jobs, folder, "read", names=[])

            def talk(engine: Engine = engine) -> None:
                run_jobs(engine, 2, folder, "talk", messages=messages // 2)

            timed(f"{jobs} jobs that do nothing, on {word}", jobs, empty)
            timed(f"{messages} messages of 2 kB, on {word}", messages, talk)
        finally:
            engine.close()


def main() -> None:
    """Measure all parts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--phones", type=int, default=1000)
    parser.add_argument("--works", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exports(folder, options.files)
        measurements(options.phones, options.works)
        engines(folder, options.jobs, options.messages)


if __name__ == "__main__":
    main()
