"""The ONNX target, described without importing what does the work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.onnx.schemes import SCHEMES

if TYPE_CHECKING:
    from _edgeship.export.contract.model_file import ModelFile


def _lower(job: Job) -> Prepared:
    from _edgeship.export.onnx.writing import prepare

    return prepare(job)


def _open(path: Path) -> ModelFile:
    from _edgeship.export.onnx.file import open_onnx

    return open_onnx(path)


def _operators() -> Mapping[str, str]:
    from _edgeship.export.onnx.kernels import phrases

    return phrases()


ONNX = Target(
    name="onnx",
    title="ONNX Runtime",
    suffix=".onnx",
    schemes=SCHEMES,
    options={"keep_float": "--keep-float"},
    lower=_lower,
    open=_open,
    operators=_operators,
    runtimes="onnxruntime (the default), onnxruntime-basic (no fused kernels)",
    next_steps=lambda file: (
        f"load {file} in an app: OrtEnvironment.createSession (Android), ORTSession (iOS)",
    ),
)
