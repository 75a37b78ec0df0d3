"""ONNX files through reading, rewriting and lowering: all but running, hundreds in one fork."""

from __future__ import annotations

import json
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from _edgeship.errors import EdgeshipError
from _edgeship.export.lowering.unsupported import Unhandled
from tests.fuzz.commands.cases import onnx_case
from tests.fuzz.commands.endings import Kind, Verdict, judge_ending
from tests.fuzz.commands.forks import run_fork

#: How many files a fork tries.
_BATCH = 200

#: Seconds that one file may take.
_LIMIT_S = 20.0


def try_stages(first: int, count: int, folder: Path) -> dict[int, Verdict]:
    """Return number -> what became of each file."""
    found: dict[int, Verdict] = {}
    number = first
    while number < first + count:
        last = min(number + _BATCH, first + count)
        log = folder / "verdicts.jsonl"
        log.write_text("")
        start = number

        def work(start: int = start, last: int = last, log: Path = log) -> None:
            with log.open("a") as sink, warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                for one in range(start, last):
                    print(json.dumps(_tried(one, folder)), file=sink, flush=True)

        ending = run_fork(work, folder, _LIMIT_S * _BATCH)
        for line in log.read_text().splitlines():
            kind, root, detail = json.loads(line)
            found[number] = Verdict(Kind[kind], root, detail)
            number += 1
        if number < last:
            found[number] = judge_ending(ending)
            number += 1
    return found


def _tried(number: int, folder: Path) -> tuple[str, str, str]:
    """Return the name of a kind, the root and the detail."""
    path = folder / "net.onnx"
    path.write_bytes(onnx_case(number).files["net.onnx"])
    begun = time.process_time()
    kind, root, detail = _ending(path)
    spent = time.process_time() - begun
    if spent > _LIMIT_S:
        return Kind.HANG.name, f"{spent:.0f} s, then {kind.value}", detail
    return kind.name, root, detail


def _ending(path: Path) -> tuple[Kind, str, str]:
    try:
        _lowered(path)
    except EdgeshipError as error:
        cause = error.__cause__
        while isinstance(cause, Unhandled) and cause.__cause__ is not None:
            cause = cause.__cause__
        # Code of ours tripped, and the sentence names the node: no bug that a user sees.
        tripped = isinstance(error.__cause__, Unhandled)
        root = f"tripped: {_last_frame(cause)}" if tripped and cause is not None else ""
        return Kind.REFUSED, root, str(error)
    except Exception as error:
        return Kind.INTERNAL, _last_frame(error), traceback.format_exc(limit=-6)
    return Kind.DONE, "", ""


def _lowered(path: Path) -> None:
    from _edgeship.export.coreml.lowering import lower as lower_to_coreml
    from _edgeship.export.network.capture import open_onnx
    from _edgeship.export.passes import rewrite
    from _edgeship.export.simplify import simplify
    from _edgeship.export.tflite.fold_frames import fold_frames
    from _edgeship.export.tflite.lowering import lower
    from _edgeship.export.tflite.writer import to_bytes, to_model

    model = simplify(open_onnx(path, ()).prepared.model)
    graph, _ = rewrite(model)
    folded, _ = fold_frames(graph)
    refused: EdgeshipError | None = None
    try:
        lowered = lower(folded)
        to_bytes(to_model(lowered.graph, lowered.io, "case"))
    except EdgeshipError as error:
        refused = error
    lower_to_coreml(graph, 17)
    if refused is not None:
        raise refused


def _last_frame(error: BaseException) -> str:
    """Return the exception and the last of our functions that it went through."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/export/" in frame.filename or "/_edgeship/" in frame.filename
    ]
    at = f"{'/'.join(Path(frames[-1].filename).parts[-2:])} {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}: {str(error)[:80]} at {at}"


def show(found: dict[int, Verdict]) -> None:
    """Print counts by kind, and each root with the first of its files."""
    counts = Counter(verdict.kind.value for verdict in found.values())
    print(f"\n{len(found)} ONNX files through reading, rewriting and lowering")
    for words, count in counts.most_common():
        print(f"{count:8d}  {words}")
    roots: dict[tuple[str, str], list[int]] = {}
    for number, verdict in found.items():
        if verdict.root:
            roots.setdefault((verdict.kind.value, verdict.root), []).append(number)
    for (kind, root), numbers in sorted(roots.items(), key=lambda item: -len(item[1])):
        print(f"{len(numbers):8d}  {kind}: {root} (first: {numbers[0]})", flush=True)
