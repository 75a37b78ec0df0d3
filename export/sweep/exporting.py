"""The job of an export: one network for one target, in all schemes that are missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.errors import EdgeshipError
from _edgeship.export.sweep.program import error_to_json

if TYPE_CHECKING:
    from _edgeship.export.contract.manifest import Artifact, Manifest

#: What `jobs.Job.function` names.
FUNCTION = "_edgeship.export.sweep.exporting:run"


def run(
    payload: Mapping[str, Any], folder: Path, tell: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any]:
    """Export, and leave each scheme's files in a folder of its own, named like the scheme.

    Args:
        payload: ``model``, ``target``, ``schemes`` and ``given``, as `options.request_of` takes
            them.
        folder: For the files.
        tell: Told the name of each stage as it begins.

    Returns:
        ``made``: scheme -> what is known of its file. ``failed``: scheme -> its error. ``whole``:
        whether one error stands for all schemes.
    """
    from _edgeship.export.pipeline import IncompleteError, export
    from _edgeship.export.sweep.options import request_of

    schemes = tuple(payload["schemes"])
    out = folder / "export"
    request = request_of(payload["model"], payload["target"], schemes, payload["given"], out)
    failures: Mapping[str, EdgeshipError] = {}
    try:
        manifest = export(request, lambda stage: tell({"stage": stage})).manifest
    except IncompleteError as error:
        manifest, failures = error.result.manifest, error.failures
    except EdgeshipError as error:
        failed = error_to_json(error)
        return {"made": {}, "failed": dict.fromkeys(schemes, failed), "whole": True}
    made = {one.scheme: _split(manifest, one, out, folder) for one in manifest.artifacts}
    shutil.rmtree(out)
    left = [scheme for scheme in schemes if scheme not in made]
    errors = [error_to_json(error) for error in failures.values()]
    return {"made": made, "failed": dict(zip(left, errors, strict=True)), "whole": False}


def _split(manifest: Manifest, one: Artifact, out: Path, folder: Path) -> dict[str, Any]:
    """Give a file a folder of its own, with its graph, its labels and a manifest that names it."""
    from _edgeship.export.contract.recorded import MANIFEST

    own = folder / one.scheme
    own.mkdir()
    for name in _names(manifest, one):
        if (out / name).is_dir():
            shutil.move(out / name, own / name)
        else:
            os.link(out / name, own / name)  # the graph is the same for all: its bytes are shared
    (own / MANIFEST).write_bytes(manifest.model_copy(update={"artifacts": [one]}).to_bytes())
    decibels = (one.parity or {}).get("sqnr_db")
    return {
        "file": one.file,
        "sha256": one.sha256,
        "size": one.size,
        "sqnr_db": decibels if isinstance(decibels, int | float) else None,
    }


def _names(manifest: Manifest, one: Artifact) -> Iterator[str]:
    yield one.file
    if one.picking is not None:
        yield one.picking.file
    yield manifest.onnx.file
    yield from (labels.file for labels in manifest.labels)
