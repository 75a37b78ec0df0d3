"""The TFLite target: one float file, and the files of the other schemes made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.terminal.words import one_of

if TYPE_CHECKING:
    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.request import Request
    from _edgeship.export.contract.schemes import Scheme


def _lower(job: Job) -> Prepared:
    from _edgeship.export.tflite.writing import prepare

    return prepare(job)


def _refuse(request: Request, schemes: Sequence[Scheme]) -> None:
    """Check that one of the schemes can have inputs and outputs of the type asked for.

    Raises:
        InputError: None of them can, or boxes cannot be picked from such; or a delegate is asked
            for that does not exist, or that nothing here can run.
    """
    one_of(request.require_delegate, TFLITE.delegates, "delegate", "--require-delegate")
    if "gpu" in request.require_delegate:
        from _edgeship.export.delegates.accelerator import find_accelerator

        find_accelerator()
    if request.detection == "nms" and request.io_dtype != "float32":
        raise InputError(
            f"--detection nms does not go with --io-dtype {request.io_dtype}.",
            why="TFLite's operator that picks the boxes works on float32",
            todo="leave --io-dtype out, or use --detection split",
        )
    able = [name for name, scheme in SCHEMES.items() if request.io_dtype in scheme.io_dtypes]
    if not set(able) & {scheme.name for scheme in schemes}:
        raise InputError(
            f"--io-dtype {request.io_dtype} does not go with --quant "
            f"{','.join(scheme.name for scheme in schemes)}.",
            why=f"only {', '.join(able)} files can take and return {request.io_dtype}",
            todo=f"use --quant {able[0]}, or leave --io-dtype out" if able else "leave it out",
        )


def _open(path: Path) -> ModelFile:
    from _edgeship.export.tflite.file import open_tflite

    return open_tflite(path)


def _operators() -> Mapping[str, str]:
    from _edgeship.export.decompositions import with_composed
    from _edgeship.export.tflite.ops import LOWERINGS

    return with_composed(LOWERINGS)


TFLITE = Target(
    name="tflite",
    title="TFLite",
    suffix=".tflite",
    schemes=SCHEMES,
    options={
        "keep_float": "--keep-float",
        "io_layout": "--io-layout",
        "io_dtype": "--io-dtype",
        "io": "--io image",
        "made_for": "--for",
        "require_delegate": "--require-delegate",
    },
    delegates=("xnnpack", "gpu"),
    picks_boxes=True,
    lower=_lower,
    open=_open,
    operators=_operators,
    refuse=_refuse,
    runtimes="litert (the default), litert-reference (plain kernels), tensorflow, tflite-runtime, "
    "openvino, gpu (LiteRT's GPU accelerator in float32, on a real or a software Vulkan driver), "
    "gpu-fp16, browser (LiteRT.js in a browser without a screen: browser-wasm and browser-webgpu)",
    packages={
        "ai-edge-litert": "runs the .tflite files: calibration, verification, inspect",
        "flatbuffers": "writes the .tflite files",
        "litert-quantizer": "quantizes: fp16, dynamic, int8, int16x8",
    },
    next_steps=lambda file: (f"python -m device_bench run {file} --device local",),
)
