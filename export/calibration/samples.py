"""Calibration samples: what a network is fed while its ranges are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import Arrays
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.named_source import RANDOM, open_source
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.source import hold_out, select
from _edgeship.export.runtimes.values import Sample

#: Most samples of the user's that ranges are measured on, unless asked for otherwise.
MOST_SAMPLES = 200

#: How many views of the shipped pictures they are measured on, or how much noise.
CALIBRATION_SAMPLES = 36

#: How many others every stage is compared on: at most this many, and a quarter of what there is.
VERIFICATION_SAMPLES = 12
_HELD_OUT_EVERY = 4

#: Most bytes of samples that are kept in memory.
MAX_BYTES = 2 * 2**30

#: Samples to verify on that take more are fewer, and this many at least: the outputs of all stages
#: are kept for each.
_VERIFIED_BYTES = 3 * 2**27
_FEWEST = 1


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


def loose_samples(
    source: str | Path | Arrays | None,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    name: str = "memory",
) -> SampleSet:
    """Load samples to verify on, where none are calibrated on.

    Args:
        source: As for `load_samples`.
        inputs: Input name to what it takes.
        preprocess: How images become input.
        name: As for `load_samples`.

    Raises:
        InputError: As for `load_samples`.
    """
    most = min(VERIFICATION_SAMPLES, most_verified(inputs))
    found = load_samples(source, inputs, preprocess, most, name=name)
    return replace(found, arrays=found.arrays[: _runs(inputs)])


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
    with open_source(source, inputs, preprocess, limit, seed, name) as found:
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
    with open_source(source, inputs, preprocess, made, seed, name) as found:
        kept, rest = hold_out(found.groups, _held_out(found.count))
        seen = select(rest, min(wanted, room))
        items = found.loaded([*seen, *kept[: most_verified(inputs)]])
        words = found.words(len(items))
    calibration, verification = items[: len(seen)], items[len(seen) :] or items
    return SplitSamples(
        calibration=_stack(calibration, inputs),
        verification=_stack(verification, inputs, _runs(inputs)),
        held_out=bool(kept),
        source=words,
        calibrated=len(calibration),
        verified=min(len(verification), most_verified(inputs)),
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
    with open_source(source, inputs, preprocess, made, seed, name) as found:
        kept, rest = hold_out(found.groups, _held_out(found.count))
        items = found.loaded((kept or select(rest, MOST_SAMPLES))[: most_verified(inputs)])
        arrays = _stack(items, inputs, _runs(inputs))
        return SampleSet(arrays, found.words(len(items)), found.natural, len(items))


def most_verified(inputs: Mapping[str, InputSpec]) -> int:
    """Return how many samples stages are verified on at most, counted one by one.

    Args:
        inputs: Input name to what it takes, the batch first. One batch may be a million, and
            another two: then memory is what ends it.
    """
    batches = [spec.shape[0] for spec in inputs.values() if spec.shape]  # scalars are refused later
    fitting = max(_VERIFIED_BYTES // max(_item_bytes(inputs), 1), _FEWEST)
    return min(_runs(inputs) * max(batches, default=1), fitting)


def _held_out(count: int) -> int:
    return min(VERIFICATION_SAMPLES, count // _HELD_OUT_EVERY)


def _room(inputs: Mapping[str, InputSpec]) -> int:
    """Return how many samples fit into `MAX_BYTES`, at least enough to verify and calibrate on."""
    return max(MAX_BYTES // max(_item_bytes(inputs), 1), _FEWEST + VERIFICATION_SAMPLES)


def _item_bytes(inputs: Mapping[str, InputSpec]) -> int:
    return sum(spec.dtype.itemsize * math.prod(spec.shape[1:]) for spec in inputs.values())


def _runs(inputs: Mapping[str, InputSpec]) -> int:
    """Return on how many runs at most stages are verified."""
    size = sum(spec.dtype.itemsize * math.prod(spec.shape) for spec in inputs.values())
    return min(max(_VERIFIED_BYTES // max(size, 1), _FEWEST), VERIFICATION_SAMPLES)


def _stack(
    items: list[Sample], inputs: Mapping[str, InputSpec], most: int | None = None
) -> list[Sample]:
    """Group single samples into runs of the network, wrapping round at the end.

    Args:
        items: Single samples.
        inputs: Input name to what it takes, the batch first.
        most: Most runs.
    """
    batches = {name: spec.shape[0] for name, spec in inputs.items()}
    runs = max(math.ceil(len(items) / batch) for batch in batches.values())
    return [
        {name: _rows(items, name, run * batch, batch) for name, batch in batches.items()}
        for run in range(runs if most is None else min(runs, most))
    ]


def _rows(items: list[Sample], name: str, first: int, batch: int) -> np.ndarray:
    """Return as many samples of an input as a batch takes; a batch may be a million."""
    if batch <= len(items):
        return np.stack([items[(first + i) % len(items)][name] for i in range(batch)])
    each = np.stack([item[name] for item in items])
    return np.asarray(each[np.arange(first, first + batch) % len(items)])
