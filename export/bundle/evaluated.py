"""The accuracy of a bundle's files on labelled pictures, for people and for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.evaluation.results import Evaluation
from _edgeship.export.evaluation.statistics import Share


def evaluated(
    folder: Path, manifest: Manifest, data: Path, labels: Mapping[str, tuple[str, ...]]
) -> Evaluation:
    """Return how good the network and its files are, each called by the name of its file.

    Args:
        folder: Where the graph and the files are.
        manifest: Their manifest.
        data: The pictures.
        labels: Name of a file of labels -> them.

    Raises:
        InputError: The pictures or their labels are wrong.
        VerificationError: A runtime fails on a file.
    """
    # Of several outputs with classes, which one the pictures are about is for the user to say.
    only = next(iter(labels)) if len(labels) == 1 else ""
    names = (manifest.onnx.file, *(artifact.file for artifact in manifest.artifacts))
    question = Question(
        names=tuple(dict.fromkeys(str(folder / name) for name in names)),
        data=data,
        labels=labels.get(only, ()),
    )
    found = evaluate(question)
    return replace(
        found,
        classes=f"those of {only}" if only else found.classes,
        files=tuple(replace(one, name=Path(one.name).name) for one in found.files),
        comparisons=tuple(replace(one, name=Path(one.name).name) for one in found.comparisons),
        notes=tuple(note.replace(f"{folder}{os.sep}", "") for note in found.notes),
    )


def as_json(evaluation: Evaluation) -> bytes:
    """Return the content of evaluation.json: what was found, by the names of the files."""
    found = {
        "source": evaluation.source,
        "pictures": evaluation.pictures,
        "classes": evaluation.classes,
        "files": {
            one.name: {"top1": _share(one.top1), "top5": _share(one.top5)}
            for one in evaluation.files
        },
    }
    return (json.dumps(found, indent=2) + "\n").encode()


def _share(share: Share | None) -> dict[str, Any] | None:
    return None if share is None else asdict(share)
