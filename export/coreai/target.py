"""The Core AI target: one .aimodel per scheme, each run by Apple's runtime before it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.export.contract.target import Job, Prepared, Target
from _edgeship.export.coreai.schemes import SCHEMES

if TYPE_CHECKING:
    from _edgeship.export.contract.model_file import ModelFile
    from _edgeship.export.contract.request import Request
    from _edgeship.export.contract.schemes import Scheme


def _lower(job: Job) -> Prepared:
    from _edgeship.export.coreai.writing import prepare

    return prepare(job)


@contextmanager
def _session() -> Iterator[str]:
    """Import coreai-core."""
    from importlib.metadata import version

    from _edgeship.export.coreai.format.library import authoring

    authoring()
    yield f"version {version('coreai-core')}"


def _refuse(request: Request, schemes: Sequence[Scheme]) -> None:
    from _edgeship.export.coreai.format.library import demand_library

    demand_library()


def _open(path: Path) -> ModelFile:
    from _edgeship.export.coreai.file import open_asset

    return open_asset(path)


def _operators() -> Mapping[str, str]:
    from _edgeship.export.coreai.ops import LOWERINGS
    from _edgeship.export.decompositions import with_composed

    return with_composed(LOWERINGS)


COREAI = Target(
    name="coreai",
    title="Core AI",
    suffix=".aimodel",
    schemes=SCHEMES,
    options={"keep_float": "--keep-float"},
    declined={
        "io": "the format has pictures, but its runtime takes them on macOS only, so that no other "
        "machine could check what a file makes of them",
        "batches": "an .aimodel takes one size of batch, that of --input",
    },
    lower=_lower,
    open=_open,
    operators=_operators,
    refuse=_refuse,
    runtimes="coreai (Apple's runtime, on Linux and macOS)",
    library="coreai-core",
    session=_session,
    next_steps=lambda file: (f"on a Mac, drag {file} into an Xcode project",),
)
