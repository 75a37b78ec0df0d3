"""From what a user names as samples to samples that can be loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import Arrays, array_source
from _edgeship.export.calibration.input_folders import has_input_folders, input_folders
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.picture_sets import open_pictures
from _edgeship.export.calibration.pictures import picture_source, shipped_source
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.source import Source
from _edgeship.export.runtimes.values import Sample
from _edgeship.files import check_plain

RANDOM = "random"

#: Channels, frames, height and width.
_CLIP_AXES = 4

ACCEPTED = (
    "a folder or zip file of images, a .npz or .npy file of arrays, FILE.py:FUNCTION for a "
    "function that yields samples, or the word random"
)


@contextmanager
def open_source(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    made: int,
    seed: int,
    name: str,
) -> Iterator[Source[Sample]]:
    """Yield the samples at a place.

    Args:
        source: As for `samples.load_samples`.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        made: How many samples there are of those that are made up: views of pictures, and noise.
        seed: Of the noise.
        name: What arrays in memory are called.

    Raises:
        InputError: The source does not exist, cannot be read or does not fit the inputs.
    """
    _check(inputs, made)
    if isinstance(source, Mapping | np.ndarray):
        yield array_source(source, inputs, preprocess, name)
        return
    if source == RANDOM:
        yield _noise(inputs, made, seed)
        return
    path = Path(source) if source is not None else None
    if path is not None and not path.is_dir() and path.suffix.lower() != ".zip":
        yield array_source(_array_file(path), inputs, preprocess)
        return
    if path is not None and len(inputs) > 1 and has_input_folders(path, inputs):
        yield input_folders(path, inputs, preprocess)
        return
    port, shape = _image_input(inputs, path)
    with ExitStack() as stack:
        if path is None:
            found = shipped_source(shape, preprocess, made)
        else:
            pictures = stack.enter_context(open_pictures(path, f"give {ACCEPTED}"))
            found = picture_source(pictures, shape, preprocess)
        panned = ", each panned across as a clip" if len(shape) == _CLIP_AXES else ""
        spec = inputs[port]
        yield Source(
            found.groups,
            lambda item: {port: spec.placed(found.load(item))},
            lambda used: found.words(used) + panned,
        )


def _check(inputs: Mapping[str, InputSpec], limit: int) -> None:
    if limit < 1:
        raise InputError(f"Calibration needs at least one sample, not {limit}.")
    if not inputs:
        raise InputError("The model has no inputs, so there is nothing to calibrate it with.")
    for name, spec in inputs.items():
        if not spec.shape or min(spec.shape) < 1:
            raise InputError(
                f"The input {name} has the shape {spec.shape}.",
                why="calibration needs a batch axis and a fixed extent of at least 1 on all axes",
                todo="give the model a static input shape",
            )


def _array_file(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"There is no calibration source {path}.", todo=f"give {ACCEPTED}")
    check_plain(path)
    if path.suffix.lower() not in (".npy", ".npz"):
        raise InputError(
            f"The calibration source {path} is not of a kind that is accepted.",
            todo=f"give {ACCEPTED}",
        )
    return path


def _image_input(
    inputs: Mapping[str, InputSpec], folder: Path | None
) -> tuple[str, tuple[int, ...]]:
    """Return the name and the shape of one picture of the only input, if images fit it."""
    name, spec = next(iter(inputs.items()))
    if len(inputs) == 1 and spec.picture is not None:
        return name, spec.picture
    shapes = ", ".join(f"{name} {spec.shape}" for name, spec in inputs.items())
    images = "The shipped images do" if folder is None else f"The images in {folder} do"
    raise InputError(
        f"{images} not fit this model.",
        why=f"images need a single input (N, C, H, W) or (N, C, T, H, W), or with C at the end, "
        f"where C is 1 or 3; the model has {shapes}",
        todo="give --calib FILE.npz with preprocessed arrays, a folder that holds one for each "
        "input, FILE.py:FUNCTION, or --calib random",
    )


def _noise(inputs: Mapping[str, InputSpec], count: int, seed: int) -> Source[Sample]:
    def load(index: int) -> Sample:
        generator = np.random.default_rng((seed, index))
        return {name: _random(generator, spec) for name, spec in inputs.items()}

    return Source([range(count)], load, lambda used: "seeded random", natural=False)


def _random(generator: np.random.Generator, spec: InputSpec) -> NDArray[Any]:
    shape = spec.shape[1:]
    if spec.dtype.kind == "f":
        return np.asarray(generator.standard_normal(shape, dtype=np.float32), np.float32)
    return np.asarray(generator.integers(0, spec.high, shape), spec.dtype)
