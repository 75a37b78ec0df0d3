"""Networks of the registry as .aimodel, .mlpackage and .tflite: error, seconds and size of each.

Run: python benchmarks/coreai_registry.py RESULTS.jsonl NAME... [--side PIXELS]
     python benchmarks/coreai_registry.py RESULTS.jsonl --table

Weights are random. One process per network; what came of it is added to RESULTS as a line of JSON,
and networks that RESULTS already holds are left out, so that a stopped run goes on. The float32
files of Core AI, run by Apple's runtime, and of Core ML, run by edgeship's evaluator, are compared
with one another as well: two judges that share no code.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _edgeship.models import zoo

TARGETS = ("tflite", "coreml", "coreai")
SCHEMES = ("none", "fp16", "int8-weights", "int8")


def child(name: str, side: int) -> None:
    """Export one network to all targets, and print a JSON object."""
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
            calib=None if pictures else "random",
            ranges="mse",
            out=Path(folder) / "out",
        )
        start = time.perf_counter()
        try:
            result = export(request)
        except IncompleteError as error:
            found["failed"] = {file: one.what for file, one in error.failures.items()}
            result = error.result
        except EdgeshipError as error:
            found["error"] = str(error)
            print(json.dumps(found))
            return
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
    print(json.dumps(found))


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


def measure(names: list[str], results: Path, side: int) -> None:
    """Export every network that the file does not hold yet."""
    lines = results.read_text().splitlines() if results.exists() else []
    known = {json.loads(line)["name"] for line in lines}
    for name in names:
        if name in known:
            continue
        command = [sys.executable, __file__, str(results), name, "--side", str(side), "--child"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        line = done.stdout.splitlines()[-1:] if done.returncode == 0 else []
        found = line[0] if line else json.dumps({"name": name, "error": done.stderr[-300:]})
        with results.open("a") as file:
            file.write(f"{found}\n")


def table(results: Path) -> list[str]:
    """Return a Markdown table: a row for each network and scheme."""
    rows = [
        "| network | input | scheme | error | seconds | .aimodel | .mlpackage | .tflite |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for line in results.read_text().splitlines():
        found = json.loads(line)
        if "error" in found:
            rows.append(
                f"| {found['name']} | | | FAILED: {found['error'].splitlines()[0]} | | | | |"
            )
            continue
        sizes = {(one["target"], one["scheme"]): one["size"] for one in found["files"]}
        shape = "x".join(map(str, found["shape"]))
        for one in found["files"]:
            if one["target"] != "coreai":
                continue
            parity, scheme = one["parity"], one["scheme"]
            error = (
                f"{parity['max_rel']:.1e}" if scheme == "none" else f"{parity['sqnr_db']:.1f} dB"
            )
            seconds = found["stages"].get(f"Core AI {scheme}", 0.0)
            cells = [
                f"{sizes[target, scheme] / 1e6:.2f} MB" if (target, scheme) in sizes else ""
                for target in ("coreai", "coreml", "tflite")
            ]
            named = [found["name"], shape, scheme, error, f"{seconds:.1f}", *cells]
            rows.append(f"| {' | '.join(named)} |")
    return rows


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.names[0], options.side)
    elif options.table:
        print("\n".join(table(options.results)))
    else:
        measure(options.names, options.results, options.side)


if __name__ == "__main__":
    main()
