"""Calibration samples: what a network is fed while its ranges are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import Arrays, array_samples
from _edgeship.export.calibration.pictures import folder_samples, shipped_samples
from _edgeship.export.calibration.preprocess import COLOR_MODES, Preprocess
from _edgeship.export.runtimes.values import Sample

RANDOM = "random"

#: Samples to calibrate on, and how many of them every stage is compared on.
CALIBRATION_SAMPLES = 32
VERIFICATION_SAMPLES = 16

#: Channels, frames, height and width.
_CLIP_AXES = 4

ACCEPTED = "a folder of images, a .npz or .npy file of arrays, or the word random"


@dataclass(frozen=True)
class SampleSet:
    """Network inputs for calibration and verification.

    Attributes:
        arrays: One dictionary per run of the network: input name to float32 array of the
            input's full shape, in ONNX axis order.
        source: Where they come from, in words.
        natural: Whether they stand for real data; False for noise.
    """

    arrays: list[Sample]
    source: str
    natural: bool


def load_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, tuple[int, ...]],
    preprocess: Preprocess,
    limit: int = 32,
    seed: int = 0,
) -> SampleSet:
    """Load calibration samples.

    The same arguments give the same arrays. An input with a batch axis of N > 1 gets N
    consecutive samples per run, starting again from the first where they run out.

    Args:
        source: None for the shipped images; a folder of images; a .npz or .npy file, or such
            arrays themselves (`export.calibration.arrays.array_samples`); or ``"random"`` for
            standard normal noise (a folder of that name is ``"./random"``). Images fit a model
            with a single input (N, C, H, W), or (N, C, T, H, W) for clips, where C is 1 or 3.
        inputs: Input name to shape, batch axis first, all static.
        preprocess: How images become input.
        limit: Most samples, counted one by one and not in batches.
        seed: Seed of the noise.

    Returns:
        The samples.

    Raises:
        InputError: The source does not exist, cannot be read or does not fit the inputs.
    """
    _check(inputs, limit)
    if isinstance(source, Mapping | np.ndarray):
        items, words = array_samples(source, inputs, preprocess, limit)
        return SampleSet(_stack(items, inputs), words, natural=True)
    if source == RANDOM:
        return SampleSet(
            _stack(_noise(inputs, limit, seed), inputs), "seeded random", natural=False
        )
    path = Path(source) if source is not None else None
    if path is not None and not path.is_dir():
        items, words = array_samples(_array_file(path), inputs, preprocess, limit)
        return SampleSet(_stack(items, inputs), words, natural=True)
    name, shape = _image_input(inputs, path)
    if path is None:
        images, words = shipped_samples(shape, preprocess, limit)
    else:
        images, words = folder_samples(path, shape, preprocess, limit)
    if len(shape) == _CLIP_AXES:
        words += ", each panned across as a clip"
    return SampleSet(_stack([{name: image} for image in images], inputs), words, natural=True)


def _check(inputs: Mapping[str, tuple[int, ...]], limit: int) -> None:
    if limit < 1:
        raise InputError(f"Calibration needs at least one sample, not {limit}.")
    if not inputs:
        raise InputError("The model has no inputs, so there is nothing to calibrate it with.")
    for name, shape in inputs.items():
        if not shape or min(shape) < 1:
            raise InputError(
                f"The input {name} has the shape {shape}.",
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
    inputs: Mapping[str, tuple[int, ...]], folder: Path | None
) -> tuple[str, tuple[int, ...]]:
    """Return the name and the shape without batch of the only input, if images fit it."""
    name, shape = next(iter(inputs.items()))
    if len(inputs) == 1 and len(shape) in (4, 5) and shape[1] in COLOR_MODES:
        return name, shape[1:]
    shapes = ", ".join(f"{name} {shape}" for name, shape in inputs.items())
    images = "The shipped images do" if folder is None else f"The images in {folder} do"
    raise InputError(
        f"{images} not fit this model.",
        why=f"images need a single input (N, C, H, W) or (N, C, T, H, W) with C = 1 or 3; "
        f"the model has {shapes}",
        todo="give --calib FILE.npz with preprocessed arrays, or --calib random",
    )


def _noise(inputs: Mapping[str, tuple[int, ...]], limit: int, seed: int) -> list[Sample]:
    generator = np.random.default_rng(seed)
    return [
        {
            name: np.asarray(generator.standard_normal(shape[1:], dtype=np.float32), np.float32)
            for name, shape in inputs.items()
        }
        for _ in range(limit)
    ]


def _stack(items: list[Sample], inputs: Mapping[str, tuple[int, ...]]) -> list[Sample]:
    """Group single samples into runs of the network, wrapping round at the end."""
    runs = max(math.ceil(len(items) / shape[0]) for shape in inputs.values())
    return [
        {
            name: np.stack(
                [items[(run * shape[0] + i) % len(items)][name] for i in range(shape[0])]
            )
            for name, shape in inputs.items()
        }
        for run in range(runs)
    ]
