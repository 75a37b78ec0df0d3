"""The Core ML target: one package per scheme, each judged by the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.coreml.schemes import SCHEMES, check_ios

if TYPE_CHECKING:
    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.request import Request
    from _edgeship.export.contract.schemes import Scheme


def _lower(job: Job) -> Prepared:
    from _edgeship.export.coreml.writing import prepare

    return prepare(job)


@contextmanager
def _session() -> Iterator[str]:
    """Import coremltools, and keep house for it while packages are made."""
    from _edgeship.export.coreml.format.library import coremltools, frozen_heap
    from _edgeship.export.coreml.format.temporaries import temporaries_of_its_own

    with frozen_heap(), temporaries_of_its_own():
        yield f"version {coremltools().__version__}"


def _refuse(request: Request, schemes: Sequence[Scheme]) -> None:
    if request.ios is not None:
        check_ios(request.ios, [scheme.name for scheme in schemes])
    with_batches = {
        "--io image": request.io == "image",
        "--labels": bool(request.labels),
        "--detection nms": request.detection == "nms",
    }
    taken = [option for option, given in with_batches.items() if given]
    if request.batches and taken:
        raise InputError(
            f"--batch does not go with {taken[0]}.",
            why="Core ML takes pictures, names classes and picks boxes one picture at a time",
            todo="leave one of them out; an app can give Core ML several pictures at once anyway",
        )


def _open(path: Path) -> ModelFile:
    from _edgeship.export.coreml.package_file import open_package

    return open_package(path)


def _operators() -> Mapping[str, str]:
    from _edgeship.export.coreml.ops import LOWERINGS
    from _edgeship.export.decompositions import with_composed

    return with_composed(LOWERINGS)


COREML = Target(
    name="coreml",
    title="Core ML",
    suffix=".mlpackage",
    opens=(".mlmodel", ".mlmodelc"),
    schemes=SCHEMES,
    options={
        "ios": "--ios",
        "batches": "--batch",
        "io": "--io image",
        "keep_float": "--keep-float",
    },
    picks_boxes=True,
    lower=_lower,
    open=_open,
    operators=_operators,
    refuse=_refuse,
    runtimes="evaluator (edgeship's own), coreml (on macOS)",
    packages={"coremltools": "writes the .mlpackage folders"},
    library="coremltools",
    session=_session,
    next_steps=lambda file: (f"on a Mac, drag {file} into an Xcode project",),
)
