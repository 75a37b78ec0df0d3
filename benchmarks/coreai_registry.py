"""Every network of the registry as .aimodel, .mlpackage and .tflite: error, seconds, sizes.

Run: python benchmarks/coreai_registry.py RESULTS.jsonl [PATTERN ...] [--side PIXELS]
     python benchmarks/coreai_registry.py RESULTS.jsonl --table

Weights are random. All three targets are exported and verified in float32, float16, int8 weights
and int8, calibrated on twelve pictures and verified on four others. What came of a network is
added to RESULTS as a line of JSON at once, and networks that RESULTS holds are left out, so that a
stopped run goes on. A process exports several networks, since imports and the first export take as
long as a small network; whatever ends it, or takes longer than the limit, is an error of the
network that it was at. The float32 files of Core AI, run by Apple's runtime, and of Core ML, run
by edgeship's evaluator, are compared with one another as well: two judges that share no code.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from _edgeship.export.runtimes.child import end_group, late
from _edgeship.models import zoo

TARGETS = ("tflite", "coreml", "coreai")
SCHEMES = ("none", "fp16", "int8-weights", "int8")

#: Networks that a process exports before the next one is started: torch keeps memory of each.
TOGETHER = 8

#: The pictures that edgeship ships, as a folder of 16: a quarter of these is verified on, since
#: Apple's runtime takes most of the time. Where an input is no picture, noise stands for 12 more.
PICTURES = Path(str(files("_edgeship.export.calibration"))) / "images"
CALIBRATED = 12


def exported(name: str, side: int) -> dict[str, Any]:
    """Export one network to all targets, and return plain values."""
    from _edgeship.errors import EdgeshipError
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import IncompleteError, export

    *others, height, width = (1, *zoo.spec(name).input_size)
    shape = (*others, min(height, side), min(width, side))
    pictures = len(shape) == 4 and shape[1] in (1, 3)
    found: dict[str, Any] = {"name": name, "shape": shape}
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            name,
            TARGETS,
            SCHEMES,
            shapes=(shape,),
            calib=str(PICTURES) if pictures else "random",
            calib_samples=CALIBRATED,
            ranges="mse",
            out=Path(folder) / "out",
        )
        start = time.perf_counter()
        try:
            result = export(request)
        except IncompleteError as error:
            found["failed"] = {
                file: f"{one.what} {one.why}".strip() for file, one in error.failures.items()
            }
            result = error.result
        except EdgeshipError as error:
            return found | {"error": str(error)}
        found["seconds"] = time.perf_counter() - start
        found["stages"] = {one.stage: one.seconds for one in result.stages}
        found["files"] = [
            {
                "target": one.target,
                "scheme": one.scheme,
                "size": one.size,
                "compute": one.compute,
                "parity": one.parity,
            }
            for one in result.manifest.artifacts
        ]
        found["between_judges"] = between(Path(folder) / "out")
    return found


def between(folder: Path) -> dict[str, Any]:
    """Return how far Core AI's runtime lies from the evaluator on the two float32 files."""
    import numpy as np

    from _edgeship.export.checks.opening import open_model
    from _edgeship.export.verification.metrics import compare

    files = [next(folder.glob(f"*_fp32{end}"), None) for end in (".mlpackage", ".aimodel")]
    if None in files:
        return {}
    generator = np.random.default_rng(0)
    models = [open_model(file) for file in files if file is not None]
    sample = {
        key: generator.standard_normal(shape).astype(np.float32)
        for key, shape in models[0].inputs.items()
    }
    runs = [one.alone().run([sample], one.default_runtimes[0]).outputs for one in models]
    return compare(*runs).to_dict()


def child(names: Sequence[str], side: int) -> None:
    """Export networks one after another, and print a line of JSON for each."""
    for name in names:
        print(json.dumps(exported(name, side)), flush=True)


def lines_of(process: subprocess.Popen[bytes], limit_s: float) -> Iterator[bytes]:
    """Yield the lines that a process prints.

    Raises:
        TimeoutError: One takes longer than the limit.
    """
    assert process.stdout is not None
    heard = b""
    end = time.monotonic() + limit_s
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(end - time.monotonic(), 0))
        if not ready:
            raise TimeoutError(late(limit_s))
        new = os.read(process.stdout.fileno(), 65536)
        if not new:
            return
        *whole, heard = (heard + new).split(b"\n")
        for line in whole:
            yield line
            end = time.monotonic() + limit_s


def together(names: Sequence[str], side: int, limit_s: float) -> Iterator[dict[str, Any]]:
    """Yield what came of networks, those behind one that ends the process left out."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, __file__, "-", *names, f"--side={side}", "--child"],
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
            # Small operators: threads would wait for one another longer than they compute.
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        left = list(names)
        try:
            for line in lines_of(process, limit_s):
                yield json.loads(line)
                left.pop(0)
            why = f"its process ended with code {process.wait()}"
        except TimeoutError as error:
            why = str(error)
        finally:
            end_group(process)
        if left:
            said.seek(0)
            last = said.read().decode(errors="replace")[-300:].strip()
            yield {"name": left[0], "error": f"{why}: {last}" if last else why}


def measure(names: Sequence[str], results: Path, side: int, limit_s: float) -> None:
    """Export every network that the file does not hold yet."""
    results.parent.mkdir(parents=True, exist_ok=True)
    known = {found["name"] for found in read(results)}
    left = [name for name in names if name not in known]
    while left:
        for found in together(left[:TOGETHER], side, limit_s):
            with results.open("a") as file:
                file.write(json.dumps(found) + "\n")
            print("\n".join(rows(found)), file=sys.stderr, flush=True)
            left.remove(found["name"])


def read(results: Path) -> list[dict[str, Any]]:
    """Return what a file of results holds, without a last line that was cut off."""
    text = results.read_text() if results.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        results.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def rows(found: dict[str, Any]) -> list[str]:
    """Return a network's row of the Markdown table, and one for each file that failed."""
    name = found["name"]
    if "error" in found:
        return [f"| {name} | FAILED: {' '.join(found['error'].split())[:120]} ||||||||||"]
    ours = {one["scheme"]: one["parity"] for one in found["files"] if one["target"] == "coreai"}
    errors = [
        "" if scheme not in ours else _error(scheme, ours[scheme]["max_rel"], ours[scheme])
        for scheme in SCHEMES
    ]
    seconds = sum(took for stage, took in found["stages"].items() if "Core AI" in stage)
    sizes = {(one["target"], one["scheme"]): one["size"] for one in found["files"]}
    cells = [
        " / ".join(
            f"{sizes[target, scheme] / 1e6:.2f}" if (target, scheme) in sizes else "-"
            for target in ("coreai", "coreml", "tflite")
        )
        for scheme in ("none", "fp16", "int8-weights", "int8")
    ]
    apart = found["between_judges"].get("max_rel")
    judges = "" if apart is None else f"{apart:.0e}"
    lines = [f"| {' | '.join([name, *errors, judges, f'{seconds:.0f}', *cells])} |"]
    return lines + [
        f"| {name} | FAILED: {file}: {why} ||||||||||"
        for file, why in found.get("failed", {}).items()
    ]


def _error(scheme: str, largest: float, parity: dict[str, Any]) -> str:
    return f"{largest:.0e}" if scheme == "none" else f"{parity['sqnr_db']:.0f} dB"


def table(results: Path) -> list[str]:
    """Return a Markdown table: a row for each network, in the order of their names."""
    found = sorted(read(results), key=lambda one: one["name"])
    return [
        "| network | none | fp16 | int8 weights | int8 | judges apart | s "
        "| none, MB | fp16, MB | int8 weights, MB | int8, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(row for one in found for row in rows(one)),
    ]


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("patterns", nargs="*", default=["[!p]*", "probe*"])
    parser.add_argument("--side", type=int, default=64, help="pixels that an input has at most")
    parser.add_argument("--limit", type=float, default=3600, help="seconds a network may take")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.patterns, options.side)
    elif options.table:
        print("\n".join(table(options.results)))
    else:
        matched = [name for pattern in options.patterns for name in zoo.names(pattern)]
        names = [name for name in dict.fromkeys(matched) if zoo.spec(name).alias_of is None]
        measure(names, options.results, options.side, options.limit)


if __name__ == "__main__":
    main()
