"""Calibration samples: what a network is fed while its ranges are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import Arrays, array_samples
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.pictures import folder_samples, shipped_samples
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.runtimes.values import Sample

RANDOM = "random"

#: Samples to calibrate on, and how many others every stage is compared on.
CALIBRATION_SAMPLES = 36
VERIFICATION_SAMPLES = 12

#: Every such sample is kept from calibration, to verify on what calibration has not seen. The
#: shipped pictures come in rounds of sixteen, so all views of a picture fall on the same side.
_HELD_OUT_EVERY = 4

#: The first that is kept. Of the shipped pictures the others, among them the darkest and the most
#: colourful, then span what these hold; the four from the last on do not lie within the others.
_HELD_OUT_FIRST = 1

#: Channels, frames, height and width.
_CLIP_AXES = 4

ACCEPTED = "a folder of images, a .npz or .npy file of arrays, or the word random"


@dataclass(frozen=True)
class SampleSet:
    """Network inputs.

    Attributes:
        arrays: One dictionary per run of the network: input name to array of the input's full
            shape and type, in ONNX axis order.
        source: Where they come from, in words.
        natural: Whether they stand for real data; False for noise.
    """

    arrays: list[Sample]
    source: str
    natural: bool


@dataclass(frozen=True)
class SplitSamples:
    """Network inputs for calibration and, apart from these, for verification.

    Attributes:
        calibration: What ranges are measured on; as in `SampleSet.arrays`.
        verification: What files are verified on.
        held_out: Whether calibration does not see those.
        source: Where all of them come from, in words.
    """

    calibration: list[Sample]
    verification: list[Sample]
    held_out: bool
    source: str


@dataclass(frozen=True)
class _Items:
    """Single samples, without a batch axis, and what they are."""

    items: list[Sample]
    source: str
    natural: bool


def load_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    limit: int = CALIBRATION_SAMPLES,
    seed: int = 0,
) -> SampleSet:
    """Load samples.

    The same arguments give the same arrays. An input with a batch axis of N > 1 gets N
    consecutive samples per run, starting again from the first where they run out.

    Args:
        source: None for the shipped images; a folder of images; a .npz or .npy file, or such
            arrays themselves (`export.calibration.arrays.array_samples`); or ``"random"`` for
            noise, standard normal or evenly spread integers (a folder of that name is
            ``"./random"``). Images fit a model with a single input (N, C, H, W), or
            (N, C, T, H, W) for clips, where C is 1 or 3 and may lie at the end.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        limit: Most samples, counted one by one and not in batches.
        seed: Seed of the noise.

    Raises:
        InputError: The source does not exist, cannot be read or does not fit the inputs.
    """
    found = _items(source, inputs, preprocess, limit, seed)
    return SampleSet(_stack(found.items, inputs), found.source, found.natural)


def split_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    seed: int = 0,
) -> SplitSamples:
    """Load samples to calibrate on, and others to verify on.

    Of four samples or more, every fourth is kept from calibration; of fewer, all serve for both.

    Args:
        source: As for `load_samples`.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        seed: Seed of the noise.

    Returns:
        At most `CALIBRATION_SAMPLES` and `VERIFICATION_SAMPLES`, counted one by one.

    Raises:
        InputError: As for `load_samples`.
    """
    found = _items(source, inputs, preprocess, CALIBRATION_SAMPLES + VERIFICATION_SAMPLES, seed)
    enough = len(found.items) >= _HELD_OUT_EVERY
    kept = found.items[_HELD_OUT_FIRST::_HELD_OUT_EVERY] if enough else []
    seen = [
        item
        for i, item in enumerate(found.items)
        if not enough or i % _HELD_OUT_EVERY != _HELD_OUT_FIRST
    ]
    return SplitSamples(
        calibration=_stack(seen, inputs),
        verification=_stack(kept or seen, inputs),
        held_out=bool(kept),
        source=found.source,
    )


def _items(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    limit: int,
    seed: int,
) -> _Items:
    _check(inputs, limit)
    if isinstance(source, Mapping | np.ndarray):
        return _Items(*array_samples(source, inputs, preprocess, limit), natural=True)
    if source == RANDOM:
        return _Items(_noise(inputs, limit, seed), "seeded random", natural=False)
    path = Path(source) if source is not None else None
    if path is not None and not path.is_dir():
        items, words = array_samples(_array_file(path), inputs, preprocess, limit)
        return _Items(items, words, natural=True)
    name, shape = _image_input(inputs, path)
    spec = inputs[name]
    if path is None:
        images, words = shipped_samples(shape, preprocess, limit)
    else:
        images, words = folder_samples(path, shape, preprocess, limit)
    if len(shape) == _CLIP_AXES:
        words += ", each panned across as a clip"
    return _Items([{name: spec.placed(image)} for image in images], words, natural=True)


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
        todo="give --calib FILE.npz with preprocessed arrays, or --calib random",
    )


def _noise(inputs: Mapping[str, InputSpec], limit: int, seed: int) -> list[Sample]:
    generator = np.random.default_rng(seed)
    return [{name: _random(generator, spec) for name, spec in inputs.items()} for _ in range(limit)]


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
