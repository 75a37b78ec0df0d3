"""The job of an evaluation: the files of one network, beside the network, on the same pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: What `jobs.Job.function` names.
FUNCTION = "_edgeship.export.sweep.evaluating:run"


def run(
    payload: Mapping[str, Any], folder: Path, tell: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any]:
    """Evaluate files.

    Args:
        payload: ``network``, the .onnx file that they were made of, and ``files``, relative to the
            current folder; ``data``; ``limit``, ``seed``, ``labels`` and ``ignore_labels`` as
            `evaluate.Question` has them.
        folder: Stays empty.
        tell: Told nothing.

    Returns:
        ``found``: file -> the fields of `evaluated.Evaluated` that are known here.

    Raises:
        EdgeshipError: See `evaluate.evaluate`.
    """
    from _edgeship.export.evaluation.evaluate import Question, evaluate
    from _edgeship.export.sweep.evaluated import interval

    found = evaluate(
        Question(
            names=(payload["network"], *payload["files"]),
            data=Path(payload["data"]),
            labels=tuple(payload["labels"]),
            ignore_labels=payload["ignore_labels"],
            limit=payload["limit"],
            seed=payload["seed"],
        )
    )
    own = {one.name: one for one in found.files}
    beside = {one.name: one for one in found.comparisons}
    shared = {
        "pictures": found.pictures,
        "source": found.source,
        "network_top1": interval(own[payload["network"]].top1, "share"),
        "notes": list(found.notes),
    }
    return {
        "found": {
            name: {
                **shared,
                "top1": interval(own[name].top1, "share"),
                "agreement": interval(beside[name].agreement, "share"),
                "difference": interval(beside[name].difference, "difference"),
                "sqnr_db": _decibels([one.sqnr_db for one in beside[name].outputs]),
            }
            for name in payload["files"]
        }
    }


def _decibels(every: list[float]) -> float | None:
    """Return the worst; None where there is none, or all outputs are equal."""
    finite = [one for one in every if math.isfinite(one)]
    return min(finite, default=None)
