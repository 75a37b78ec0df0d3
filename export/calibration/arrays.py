"""Calibration samples from a NumPy file."""

from __future__ import annotations

import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship import zips
from _edgeship.errors import InputError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess, check_channels, normalize
from _edgeship.export.calibration.source import Source
from _edgeship.export.runtimes.values import Sample

MAX_ARCHIVE_BYTES = 2**31
"""Most bytes the arrays of an .npz file may unpack to."""


UNREADABLE = (*zips.UNREADABLE, tokenize.TokenError)
"""What NumPy and zipfile raise of files that are damaged, or no such files."""


Arrays = Mapping[str, NDArray[Any]] | NDArray[Any]
"""Arrays in memory: input name -> samples along the first axis, or those of a single input."""


def array_source(
    source: Path | Arrays,
    inputs: Mapping[str, InputSpec],
    preprocess: Preprocess,
    name: str = "memory",
) -> Source[Sample]:
    """Return the samples of a .npy file, a .npz file with one array per input, or memory.

    An array holds the samples along its first axis, each in the input's own axis order or with
    the channels at the other end. Floating-point arrays must be preprocessed already and are used
    as they are. uint8 arrays are pixels and are scaled to 0..1 and normalised, but not resized. An
    input that takes integers takes them as they are.

    Args:
        source: The file, or the arrays. Arrays that no input is named after are ignored; a single
            array serves a single input whatever its name.
        inputs: Input name to what it takes.
        preprocess: Mean and std for uint8 arrays.
        name: What arrays in memory are called.

    Raises:
        InputError: The file cannot be read, or an array is missing or has the wrong shape or
            length. Loading a sample raises it too, where the type is wrong, or where there is NaN
            or infinity.
    """
    path = source if isinstance(source, Path) else name
    found = _read(source) if isinstance(source, Path) else _given(source)
    arrays = {
        name: in_order(array, name, inputs[name], path)
        for name, array in _by_input(found, inputs, path).items()
    }
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            f"The arrays in {path} hold different numbers of samples.",
            why=", ".join(f"{name}: {count}" for name, count in counts.items()),
            todo="store one entry per sample along the first axis of every array",
        )
    total = min(counts.values())

    def load(index: int) -> Sample:
        return {
            name: taken(
                array[index], inputs[name], f"sample {index} of {name} in {path}", preprocess
            )
            for name, array in arrays.items()
        }

    def words(used: int) -> str:
        count = f"{total} samples" if used == total else f"{used} of {total} samples"
        return f"{count} from memory" if path == "memory" else f"{path} ({count})"

    return Source([range(total)], load, words)


def _given(source: Arrays) -> dict[str, NDArray[Any]]:
    named = source if isinstance(source, Mapping) else {"array": source}
    return {name: np.asarray(array) for name, array in named.items()}


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        if path.suffix.lower() == ".npy":
            # Mapped, so that of a large file only the samples used are read.
            return {"array": np.lib.format.open_memmap(path, mode="r")}
        with zips.open_zip(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_ARCHIVE_BYTES:
            raise InputError(
                f"The arrays in {path} are too large.",
                why=f"they unpack to {unpacked} bytes; at most {MAX_ARCHIVE_BYTES} are accepted",
                todo="store fewer samples",
            )
        with np.load(path, allow_pickle=False) as loaded:
            members = {name: loaded[name] for name in loaded.files}
        return {name: value for name, value in members.items() if isinstance(value, np.ndarray)}
    except UNREADABLE as error:
        raise InputError(
            f"The file {path} cannot be read as {path.suffix.lower()}.",
            why=str(error),
            todo="write it with numpy.save or numpy.savez, without Python objects",
        ) from error


def _by_input(
    arrays: dict[str, NDArray[Any]], inputs: Mapping[str, InputSpec], path: Path | str
) -> dict[str, NDArray[Any]]:
    """Return the array of each input, under its name or the one that the network has for it."""
    if len(arrays) == 1 and len(inputs) == 1:
        return {next(iter(inputs)): next(iter(arrays.values()))}
    keys = {name: name if name in arrays else spec.own_name for name, spec in inputs.items()}
    missing = [name for name, key in keys.items() if key not in arrays]
    if missing:
        raise InputError(
            f"There is no array for {', '.join(missing)}.",
            why=f"the model's inputs are {', '.join(inputs)}; {path} holds "
            + (", ".join(arrays) or "no arrays"),
            todo="write a .npz file with one array per input, named as the inputs are",
        )
    return {name: arrays[key] for name, key in keys.items()}


def in_order(array: NDArray[Any], name: str, spec: InputSpec, path: Path | str) -> NDArray[Any]:
    """Return (S, *shape), moving the channels from the other end to their place if need be.

    Raises:
        InputError: It has another shape.
    """
    shape = spec.shape[1:]
    source, place = (-1, 1) if spec.layout == "nchw" else (1, -1)
    if array.ndim == len(shape) + 1 and len(array) > 0:
        if array.shape[1:] == shape:
            return array
        if len(shape) > 1:
            moved = np.moveaxis(array, source, place)
            if moved.shape[1:] == shape:
                return moved
    expected = ", ".join(str(extent) for extent in shape)
    raise InputError(
        f"The array for {name} in {path} has the wrong shape.",
        why=f"expected (samples, {expected}) with at least one sample, found {array.shape}",
    )


def taken(
    sample: NDArray[Any], spec: InputSpec, where: str, preprocess: Preprocess
) -> NDArray[Any]:
    """Return one sample as the input takes it.

    Args:
        sample: Without a batch axis, in the input's axis order.
        spec: What the input takes.
        where: What errors call the sample.
        preprocess: Mean and std for uint8 arrays.

    Raises:
        InputError: Its type is wrong, or it holds NaN or infinity.
    """
    if spec.dtype.kind != "f":
        return _to_integers(sample, spec, where)
    if sample.dtype == np.uint8 and sample.ndim in (3, 4):
        first = np.moveaxis(sample, spec.channel_axis, 0)
        check_channels(len(first), preprocess)
        return spec.placed(normalize(first, preprocess))
    if sample.dtype.kind != "f":
        raise InputError(
            "The calibration array has the wrong type.",
            where=where,
            why=f"expected float32, or uint8 for images, found {sample.dtype}",
            todo="store preprocessed float32 values",
        )
    with np.errstate(over="ignore"):
        values = np.array(sample, dtype=np.float32, order="C")
    if not np.isfinite(values).all():
        raise InputError("The calibration array holds NaN or infinity.", where=where)
    return values


def _to_integers(sample: NDArray[Any], spec: InputSpec, where: str) -> NDArray[Any]:
    """Return whole numbers in the type of the input.

    Raises:
        InputError: They are not whole, or the type cannot hold them.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.array(sample, order="C").astype(spec.dtype)
    if sample.dtype.kind not in "biuf" or not np.array_equal(values, sample):
        raise InputError(
            "The calibration array has the wrong type.",
            where=where,
            why=f"the input takes {spec.dtype}, and the {sample.dtype} values found are no such",
            todo=f"store {spec.dtype} values",
        )
    return values
