"""The page of the manual that says how many of ONNX's cases each target computes right.

Each target's rows and section depend on that target alone, so that a test that runs one target can
tell whether what the page says of it is still true.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from tests.conformance.report import by_reason, percent
from tests.conformance.running import Outcome, Result, Run

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"

#: What is counted with: another onnx has other cases, and other runtimes compute others.
MADE_WITH = "Counted with " + ", ".join(
    f"{package} {version(package)}"
    for package in ("onnx", "ai-edge-litert", "coremltools", "onnxruntime")
)

_INTRODUCTION = f"""\
# Conformance

<!-- Written by `python -m tests.conformance --page`; the tests compare it with what they count. -->

ONNX comes with cases for its operators: a model, inputs, and the outputs that ONNX expects. All of
them go through every target, in the way that a file of yours does: the graph is prepared and
lowered in float32, and what was written is run by LiteRT, by our evaluator of Core ML packages (for
iOS 15), by Apple's runtime for Core AI and by ONNX Runtime. The outputs are compared with the
case's own, to 1e-5 of their range.
Where a case feeds weights, axes and shapes as inputs, it is tried with all of them as inputs first,
and then with those as constants that a network has inside.

- **right**: computed, and within the tolerance.
- **refused by design**: an error that names the operator, the node and what to do, for one of the
  reasons below.
- **not a tensor program**: refused, and not among what the targets are for, such as strings,
  training, and results whose size depends on the data. The percentage leaves these out.
- **failed**: anything else. The tests demand that there is none.

The tests also demand that this page and the lists of refusals say what is so: they fail where a
case is refused that was not, or is computed that was refused. A case that both sources have runs
once and counts in both.

{MADE_WITH}. The node cases of Debian's libonnx-testdata are older and have operator sets up to 17.

"""

_OVERVIEW = """\
| target | source | cases | right | refused by design | not a tensor program | failed \
| of tensor programs |
|---|---|---:|---:|---:|---:|---:|---:|
"""


def page(runs: Sequence[Run]) -> str:
    """Return the whole page, in Markdown."""
    targets = list(dict.fromkeys(run.target for run in runs))
    overview = "\n".join(row(run) for run in runs)
    sections = [section([run for run in runs if run.target == target]) for target in targets]
    return _INTRODUCTION + _OVERVIEW + "\n\n".join([overview, *sections]) + "\n"


def row(run: Run) -> str:
    """Return the line of the table at the top for one source and target."""
    counts = " | ".join(str(run.count(outcome)) for outcome in Outcome)
    return f"| {run.target} | {run.source} | {len(run.results)} | {counts} | {percent(run)} |"


def section(runs: Sequence[Run]) -> str:
    """Return what there is to say of one target."""
    parts = [f"## {runs[0].target}"]
    refused = _reasons("Refused by design, because", runs, Outcome.REFUSED)
    foreign = _reasons("Not a tensor program, because", runs, Outcome.FOREIGN)
    parts += [part for part in (refused, foreign) if part]
    parts.append(_operators(runs))
    return "\n\n".join(parts)


def _reasons(title: str, runs: Sequence[Run], outcome: Outcome) -> str:
    rows = [
        f"| {reason} | {len(results)} | `{results[0].case}` |"
        for reason, results in by_reason(runs, outcome)
    ]
    return "\n".join([f"| {title} | cases | such as |", "|---|---:|---|", *rows]) if rows else ""


def _operators(runs: Sequence[Run]) -> str:
    """Return the operators all of whose cases are right, and a table of the others."""
    counts = _by_operator(runs)
    whole = [name for name, found in counts.items() if set(found) == {Outcome.RIGHT}]
    header = [
        "| operator | right | refused by design | not a tensor program |",
        "|---|---:|---:|---:|",
    ]
    shown = (Outcome.RIGHT, Outcome.REFUSED, Outcome.FOREIGN)
    rows = [
        f"| {name} | " + " | ".join(str(found[outcome]) for outcome in shown) + " |"
        for name, found in counts.items()
        if name not in whole
    ]
    right = f"All cases right: {', '.join(whole)}."
    return f"{right}\n\n" + "\n".join([*header, *rows]) if rows else right


def _by_operator(runs: Sequence[Run]) -> Mapping[str, Counter[Outcome]]:
    """Operator -> how its cases ended; cases that several sources have in common count once."""
    results: dict[str, set[Result]] = defaultdict(set)
    for run in runs:
        for result in run.results:
            results[result.operator].add(result)
    return {name: Counter(r.outcome for r in results[name]) for name in sorted(results)}
