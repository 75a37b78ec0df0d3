"""Export every model of the registry in the schemes of a target, and print what came out.

Run: python benchmarks/export_registry.py [PATTERN] [--to tflite|coreml] [--results FILE]

One process per model, with random weights. What came of each is added to FILE as a line of JSON at
once, and models that FILE already holds are not exported again, so that a stopped run goes on.
Exits with 1 if any export failed.
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

SCHEMES = {
    "tflite": ("none", "fp16", "int8"),
    "coreml": ("none", "fp16", "int8-weights", "palette6", "int8"),
}


def child(name: str, target: str) -> None:
    """Export one model and print a JSON object."""
    from _edgeship.errors import EdgeshipError
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import export

    # Pictures fill inputs of one or three channels only.
    shape = zoo.spec(name).input_size
    calib = None if len(shape) == 3 and shape[0] in (1, 3) else "random"
    start = time.perf_counter()
    found: dict[str, Any] = {"name": name}
    with tempfile.TemporaryDirectory() as folder:
        try:
            out = Path(folder) / "out"
            request = Request(name, (target,), SCHEMES[target], calib=calib, out=out)
            result = export(request)
        except EdgeshipError as error:
            found["error"] = str(error)
        else:
            found["artifacts"] = [a.model_dump(mode="json") for a in result.manifest.artifacts]
            found["notes"] = result.notes
    print(json.dumps(found | {"seconds": time.perf_counter() - start}))


def export_all(names: list[str], target: str, results: Path) -> list[dict[str, Any]]:
    """Return one object for each name, from the file or from an export of now."""
    lines = results.read_text().splitlines() if results.exists() else []
    found = {row["name"]: row for row in map(json.loads, lines)}
    for name in names:
        if name in found:
            continue
        command = [sys.executable, __file__, name, "--to", target, "--child"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found[name] = (
            json.loads(done.stdout.splitlines()[-1])
            if done.returncode == 0
            else {"name": name, "error": done.stderr[-500:], "seconds": 0.0}
        )
        with results.open("a") as file:
            file.write(json.dumps(found[name]) + "\n")
        print(f"{name}: {found[name].get('error', 'verified')}", file=sys.stderr)
    return [found[name] for name in names]


def rows(found: dict[str, Any]) -> list[str]:
    """Return the cells of a model's files, or of its failure, as rows of a Markdown table."""
    if "error" in found:
        return [f"| {found['name']} | | FAILED: {found['error'].splitlines()[0]} | | | | |"]
    lines = []
    for index, artifact in enumerate(found["artifacts"]):
        parity, operators = artifact["parity"], artifact["operators"]
        error = (
            f"{parity['max_rel']:.1e}"
            if artifact["scheme"] == "none"
            else f"{parity['sqnr_db']:.1f} dB"
        )
        conversions = sum(
            count for kind, count in operators.items() if kind.upper() in ("QUANTIZE", "DEQUANTIZE")
        )
        first = (found["name"], f"{found['seconds']:.0f}") if index == 0 else ("", "")
        lines.append(
            f"| {first[0]} | {artifact['scheme']} | yes | {error} | {artifact['size'] / 1e6:.2f} | "
            f"{sum(operators.values())} ({conversions}) | {first[1]} |"
        )
    return lines


def main() -> None:
    """Export what the pattern matches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*")
    parser.add_argument("--to", choices=SCHEMES, default="tflite")
    parser.add_argument("--results", type=Path, help="default: build/export_registry_TARGET.jsonl")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.pattern, arguments.to)
        return
    results = arguments.results or Path(f"build/export_registry_{arguments.to}.jsonl")
    results.parent.mkdir(parents=True, exist_ok=True)
    names = [n for n in zoo.names(arguments.pattern) if zoo.spec(n).alias_of is None]
    found = export_all(names, arguments.to, results)
    print("Error: maximum relative error in float32, signal to noise elsewhere.\n")
    print("| model | scheme | verified | error | MB | operators (conversions) | seconds |")
    print("|---|---|---|---|---|---|---|")
    for row in found:
        print("\n".join(rows(row)))
    failed = [row["name"] for row in found if "error" in row]
    print(f"\n{len(found) - len(failed)} of {len(found)} models exported and verified")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
