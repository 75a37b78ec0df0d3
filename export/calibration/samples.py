"""Calibration samples: what a network is fed while its ranges are measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
from _edgeship.export.calibration.source import Source, hold_out, select
from _edgeship.export.runtimes.values import Sample

RANDOM = "random"

#: Most samples of the user's that ranges are measured on, unless asked for otherwise.
MOST_SAMPLES = 200

#: How many views of the shipped pictures they are measured on, or how much noise.
CALIBRATION_SAMPLES = 36

#: How many others every stage is compared on: at most this many, and a quarter of what there is.
VERIFICATION_SAMPLES = 12
_HELD_OUT_EVERY = 4

#: Most bytes of samples that are kept in memory.
MAX_BYTES = 2 * 2**30

#: Channels, frames, height and width.
_CLIP_AXES = 4

ACCEPTED = (
    "a folder or zip file of images, a .npz or .npy file of arrays, FILE.py:FUNCTION for a "
    "function that yields samples, or the word random"
)


@dataclass(frozen=True)
class SampleSet:
    """Network inputs.

    Attributes:
        arrays: One dictionary per run of the network: input name to array of the input's full
            shape and type, in ONNX axis order.
        source: Where they come from, in words.
        natural: Whether they stand for real data; False for noise.
        count: How many samples ``arrays`` holds, counted one by one.
    """

    arrays: list[Sample]
    source: str
    natural: bool
    count: int


@dataclass(frozen=True)
class SplitSamples:
    """Network inputs for calibration and, apart from these, for verification.

    Attributes:
        calibration: What ranges are measured on; as in `SampleSet.arrays`.
        verification: What files are verified on.
        held_out: Whether calibration does not see those.
        source: Where all of them come from, in words.
        calibrated: How many samples ``calibration`` holds, counted one by one.
        verified: How many ``verification`` holds.
    """

    calibration: list[Sample]
    verification: list[Sample]
    held_out: bool
    source: str
    calibrated: int
    verified: int


def load_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    limit: int = CALIBRATION_SAMPLES,
    seed: int = 0,
    name: str = "memory",
) -> SampleSet:
    """Load samples.

    The same arguments give the same arrays. An input with a batch axis of N > 1 gets N
    consecutive samples per run, starting again from the first where they run out.

    Args:
        source: None for the shipped images; a folder or a zip file of images; a .npz or .npy file,
            or such arrays themselves (`export.calibration.arrays.array_source`); or ``"random"``
            for noise, standard normal or evenly spread integers (a folder of that name is
            ``"./random"``). Images fit a model with a single input (N, C, H, W), or
            (N, C, T, H, W) for clips, where C is 1 or 3 and may lie at the end.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        limit: Most samples, counted one by one and not in batches.
        seed: Seed of the noise.
        name: What arrays in memory are called.

    Raises:
        InputError: The source does not exist, cannot be read or does not fit the inputs.
    """
    with _opened(source, inputs, preprocess, limit, seed, name) as found:
        items = found.loaded(select(found.groups, min(limit, _room(inputs))))
        return SampleSet(_stack(items, inputs), found.words(len(items)), found.natural, len(items))


def split_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    limit: int | None = None,
    seed: int = 0,
    name: str = "memory",
) -> SplitSamples:
    """Load samples to calibrate on, and others to verify on.

    Of four samples or more, a quarter is kept from calibration, `VERIFICATION_SAMPLES` at most;
    which they are does not depend on how many of the others are used. Of fewer, all serve for
    both. Images in folders side by side, as those of classes, are taken from all folders alike.

    Args:
        source: As for `load_samples`.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        limit: Most samples to calibrate on, counted one by one; None for `MOST_SAMPLES`, as far as
            `MAX_BYTES` hold them, of the user's, and for `CALIBRATION_SAMPLES` of others.
        seed: Seed of the noise.
        name: As for `load_samples`.

    Raises:
        InputError: As for `load_samples`; or the limit is more than memory is made for.
    """
    made_here = source is None or (isinstance(source, str) and source == RANDOM)
    wanted = limit or (CALIBRATION_SAMPLES if made_here else MOST_SAMPLES)
    room = _room(inputs) - VERIFICATION_SAMPLES
    if limit is not None and limit > room:
        raise InputError(
            f"{limit} samples are too many to calibrate on.",
            why=f"{room} of this size fit into {MAX_BYTES >> 30} GiB, which is kept for them",
            todo=f"give --calib-samples {room} or less",
        )
    # Of views and of noise there are as many as are asked for.
    made = max(wanted, CALIBRATION_SAMPLES) + VERIFICATION_SAMPLES
    with _opened(source, inputs, preprocess, made, seed, name) as found:
        kept, rest = hold_out(found.groups, _held_out(found.count))
        seen = select(rest, min(wanted, room))
        items = found.loaded([*seen, *kept])
        words = found.words(len(items))
    calibration, verification = items[: len(seen)], items[len(seen) :] or items
    return SplitSamples(
        calibration=_stack(calibration, inputs),
        verification=_stack(verification, inputs),
        held_out=bool(kept),
        source=words,
        calibrated=len(calibration),
        verified=len(verification),
    )


def verification_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    seed: int = 0,
    name: str = "memory",
) -> SampleSet:
    """Load the samples that `split_samples` keeps to verify on, and no others.

    Args:
        source: As for `load_samples`.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        seed: Seed of the noise.
        name: As for `load_samples`.

    Raises:
        InputError: As for `load_samples`.
    """
    made = CALIBRATION_SAMPLES + VERIFICATION_SAMPLES
    with _opened(source, inputs, preprocess, made, seed, name) as found:
        kept, rest = hold_out(found.groups, _held_out(found.count))
        items = found.loaded(kept or select(rest, MOST_SAMPLES))
        return SampleSet(_stack(items, inputs), found.words(len(items)), found.natural, len(items))


def _held_out(count: int) -> int:
    return min(VERIFICATION_SAMPLES, count // _HELD_OUT_EVERY)


@contextmanager
def _opened(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    made: int,
    seed: int,
    name: str,
) -> Iterator[Source[Sample]]:
    """Yield the samples at a place; ``made`` of those that are made up."""
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


def _room(inputs: Mapping[str, InputSpec]) -> int:
    """Return how many samples fit into `MAX_BYTES`, at least enough to verify and calibrate on."""
    size = sum(spec.dtype.itemsize * math.prod(spec.shape[1:]) for spec in inputs.values())
    return max(MAX_BYTES // size, 2 * VERIFICATION_SAMPLES)


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


def _stack(items: list[Sample], inputs: Mapping[str, InputSpec]) -> list[Sample]:
    """Group single samples into runs of the network, wrapping round at the end."""
    batches = {name: spec.shape[0] for name, spec in inputs.items()}
    runs = max(math.ceil(len(items) / batch) for batch in batches.values())
    return [
        {
            name: np.stack([items[(run * batch + i) % len(items)][name] for i in range(batch)])
            for name, batch in batches.items()
        }
        for run in range(runs)
    ]
