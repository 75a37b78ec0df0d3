"""Sends an architecture through the targets by the public API, and says what each file is like."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import edgeship
from _edgeship.errors import EdgeshipError
from edgeship.results import Result, Stage
from tests.architectures.architecture import Architecture

TARGETS = ("tflite", "coreml")
SCHEMES = ("none", "int8")

#: Largest error of a float file, as a fraction of the output's range.
TOLERANCE = 1e-4

#: Samples that other networks than those on pictures are calibrated on and verified with.
_SAMPLES = 32

#: Stages that only one target or scheme has are named after it.
_TITLES = {"tflite": "TFLite", "coreml": "Core ML"}


@dataclass(frozen=True)
class File:
    """A file that was written and verified, or why there is none.

    Attributes:
        seconds: Of the stages that this file alone needs.
        error: Largest error, as a fraction of the output's range.
        sqnr_db: Of the worst output.
        problem: Why it was not written, as the user is told; "" if it was.
    """

    seconds: float = math.nan
    error: float = math.nan
    sqnr_db: float = math.nan
    problem: str = ""


@dataclass(frozen=True)
class Exported:
    """What became of an architecture.

    Attributes:
        files: Target and scheme -> its file.
        shared: Seconds of the stages that all files share.
    """

    files: Mapping[tuple[str, str], File]
    shared: float

    @property
    def problems(self) -> list[str]:
        """What is wrong, one text for each file."""
        found = []
        for (target, scheme), file in self.files.items():
            if file.problem:
                found.append(f"{target} {scheme}: {file.problem}")
            elif scheme == "none" and not file.error <= TOLERANCE:
                found.append(f"{target} {scheme}: error {file.error:.1e} of the range")
        return found


def export(architecture: Architecture, folder: Path, apart: bool = False) -> Exported:
    """Export one architecture to all targets and schemes.

    Args:
        architecture: What to export.
        folder: Where the files go.
        apart: Try each file by itself if not all of them can be written together.
    """
    schemes = SCHEMES[:1] if architecture.only_float else SCHEMES
    wanted = [(target, scheme) for target in TARGETS for scheme in schemes]
    try:
        return _from_result(_run(architecture, folder, TARGETS, schemes))
    except Exception as error:
        if not apart:
            return Exported({one: File(problem=_words(error)) for one in wanted}, math.nan)
    files: dict[tuple[str, str], File] = {}
    shared = math.nan
    for target, scheme in wanted:
        try:
            one = _from_result(_run(architecture, folder, [target], [scheme]))
        except Exception as error:
            files[target, scheme] = File(problem=_words(error))
        else:
            files |= one.files
            shared = one.shared
    return Exported(files, shared)


def _words(error: Exception) -> str:
    """Return what the user is told; where that is nothing, that there was an internal error."""
    if isinstance(error, EdgeshipError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"INTERNAL ERROR {type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"


def _run(
    architecture: Architecture, folder: Path, targets: Sequence[str], schemes: Sequence[str]
) -> Result:
    calib = None
    if not architecture.takes_pictures:
        samples = [architecture.sample(seed) for seed in range(1, _SAMPLES + 1)]
        [calib] = ([np.concatenate(values) for values in zip(*samples, strict=True)],)
        calib = calib[0] if len(calib) == 1 else calib
    return edgeship.export(
        architecture.network(),
        example_inputs=architecture.examples(),
        to=targets,
        quant=schemes,
        calib=calib,
        out=folder,
        progress=False,
    )


def _from_result(result: Result) -> Exported:
    files = {
        (file.target, file.scheme): File(
            seconds=sum(s.seconds for s in result.stages if _is_of(s, file.target, file.scheme)),
            error=file.parity.max_rel,
            sqnr_db=file.parity.sqnr_db,
        )
        for file in result.files
    }
    own = [s for s in result.stages if any(title in s.name for title in _TITLES.values())]
    shared = sum(s.seconds for s in result.stages if s not in own and "import" not in s.name)
    return Exported(files, shared)


def _is_of(stage: Stage, target: str, scheme: str) -> bool:
    """Whether a stage is needed for this file: float ones are lowered, int8 ones calibrated too."""
    title = _TITLES[target]
    if stage.name == f"lower to {title}":
        return scheme == "none"
    return stage.name == f"{title} {scheme}" or (
        scheme == "int8" and stage.name in (f"calibrate {title}", f"{title} fp16")
    )
