"""ONNX's own cases through the existing converter to Core AI, beside edgeship's target.

Run, in the root of a checkout:
    pip install --no-deps --target PEER coreai-onnx
    PYTHONPATH=PEER python -m benchmarks.coreai_conformance

Both get the same models with the same inputs bound, a way after another until one is right or one
is wrong, are run by the same runtime of Apple's, and are compared with the case's outputs by the
same tolerances; see `tests/conformance`. The converter is called with its defaults. What it or the
runtime does to its process counts for the case: a process runs many cases, and a new one goes on
behind the case that ended it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.binding import Binding, bindings
from tests.conformance.cases import Case
from tests.conformance.foreign import INCOMPARABLE, foreign
from tests.conformance.report import show
from tests.conformance.running import run, what_is_wrong
from tests.conformance.sources import Source, all_sources
from tests.conformance.targets import TARGETS, Target

#: What became of a case: the outputs are right; the converter raised; the outputs are wrong; the
#: runtime refused the program, or the process ended; none of it, and no tensor program.
OUTCOMES = ("right", "refused", "wrong", "not run", "not a tensor program")

#: As Core AI's programs take them, which have no numbers of 64 bits.
_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


def distinct(sources: Sequence[Source]) -> dict[tuple[str, str], Case]:
    """Return each case once, in an order that every process has."""
    return {(case.name, case.identity): case for source in sources for case in source.cases}


def answer(way: Binding) -> tuple[str, list[np.ndarray], str]:
    """Return ``refused`` or ``not run`` and why, or ``right`` and what the program computes."""
    import coreai_onnx

    outputs = [f"out{i}" for i in range(len(way.model.graph.output))]
    inputs = [f"in{i}" for i in range(len(way.inputs))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = Path(folder) / "case.aimodel"
        try:
            program = coreai_onnx.convert(way.model, input_names=inputs, output_names=outputs)
            program.save_asset(place)
        except Exception as error:  # whatever it raises, it does not convert the model
            return "refused", [], f"{type(error).__name__}: {error}"
        feeds = dict(zip(inputs, way.inputs.values(), strict=True))
        try:
            found = asyncio.run(computed(place, feeds))
        except Exception as error:  # whatever the runtime raises
            return "not run", [], f"{type(error).__name__}: {error}"
    return "right", [found[name] for name in outputs], ""


async def computed(place: Path, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what Apple's runtime computes."""
    from coreai.authoring import AIModelAsset
    from coreai.runtime import NDArray

    async with AIModelAsset.load(place).executable() as model:
        function = model.load_function("main")
        given = {
            name: NDArray(np.asarray(value, _NARROW.get(value.dtype.name, value.dtype)))
            for name, value in feeds.items()
        }
        results = await function(given)
        found = {name: np.array(result.numpy()) for name, result in results.items()}
        # As the cases have it, since NumPy has no such type.
        return {
            name: array.astype(np.float32) if array.dtype.name == "bfloat16" else array
            for name, array in found.items()
        }


def judged(target: Target, case: Case) -> tuple[str, str]:
    """Return what became of a case, and why."""
    outcome, why = "refused", ""
    for way in bindings(case):
        outcome, found, why = answer(way)
        if outcome == "not run":
            break
        if outcome == "right":
            why = what_is_wrong(target, case, way, found)
            outcome = "wrong" if why else "right"
            break
    reason = foreign(case)
    if (outcome == "refused" and reason) or (outcome == "wrong" and reason in INCOMPARABLE):
        return "not a tensor program", reason
    return outcome, why


def child(first: int) -> None:
    """Judge the cases from a number on, and print a line of JSON for each."""
    target = TARGETS["coreai"]()
    for case in list(distinct(all_sources()).values())[first:]:
        print(json.dumps(judged(target, case)), flush=True)


def peers(cases: int, log: Path) -> list[tuple[str, str]]:
    """Return what became of each case in the converter's hands, from the log as far as it goes."""
    found: list[tuple[str, str]] = [tuple(json.loads(line)) for line in _lines(log)]
    while len(found) < cases:
        with log.open("a") as file:
            for outcome, why in _from(len(found)):
                found.append((outcome, why))
                file.write(json.dumps(found[-1]) + "\n")
                file.flush()
    return found


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def _from(first: int) -> Iterator[tuple[str, str]]:
    """Yield what became of the cases from a number on, until the process ends."""
    command = [sys.executable, "-m", "benchmarks.coreai_conformance", "--child", str(first)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None
        for line in process.stdout:
            yield tuple(json.loads(line))
        code = process.wait()
        said.seek(0)
        if code > 0:  # it could not be started, or has a defect
            raise RuntimeError(said.read().decode(errors="replace"))
        if code < 0:
            yield "not run", f"the process ended by signal {-code}"


def counts(sources: Sequence[Source], found: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Print how many cases of each source ended how, and what is behind the wrong ones."""
    print(f"| source | cases | {' | '.join(OUTCOMES)} |")
    print(f"|---|---:|{'---:|' * len(OUTCOMES)}")
    for source in sources:
        own = Counter(found[case.name, case.identity][0] for case in source.cases)
        cells = [str(own[outcome]) for outcome in OUTCOMES]
        print(f"| {source.name} | {len(source.cases)} | {' | '.join(cells)} |")
    for (name, _), (outcome, why) in found.items():
        if outcome in ("wrong", "not run"):
            print(f"{outcome}: {name}: {' '.join(why.split())[:160]}")


def main() -> None:
    """Run all cases through both, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, default=Path("build/coreai_conformance.jsonl"))
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        child(options.child)
        return
    sources = all_sources()
    options.log.parent.mkdir(parents=True, exist_ok=True)
    cases = distinct(sources)
    found: list[Any] = peers(len(cases), options.log)
    print("coreai-onnx:\n")
    counts(sources, dict(zip(cases, found, strict=True)))
    print("\nedgeship:\n")
    show(run(TARGETS["coreai"](), sources))


if __name__ == "__main__":
    main()
