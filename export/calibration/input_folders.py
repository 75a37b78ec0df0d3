"""Calibration samples of networks with several inputs: a folder for each, with a file a sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import UNREADABLE, in_order, taken
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.picture_sets import SUFFIXES
from _edgeship.export.calibration.pictures import load_sample
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.source import Source
from _edgeship.export.runtimes.values import Sample
from _edgeship.files import check_plain

_ARRAY = ".npy"


def has_input_folders(folder: Path, inputs: Mapping[str, InputSpec]) -> bool:
    """Return whether a folder holds a folder for every input, named as the input is."""
    return all(
        name not in ("", ".", "..") and Path(name).name == name and (folder / name).is_dir()
        for name in inputs
    )


def input_folders(
    folder: Path, inputs: Mapping[str, InputSpec], preprocess: Preprocess
) -> Source[Sample]:
    """Return the samples in folders that are named as the inputs.

    Files of the same name, but for what it ends in, belong together. Pictures become inputs that
    take pictures; a .npy file holds one sample of any input, as `arrays.array_source` takes it.

    Args:
        folder: The folder that the others are in.
        inputs: Input name to what it takes.
        preprocess: How images become input.

    Raises:
        InputError: The folders hold different names, or none. Loading a sample raises it too.
    """
    files = {name: _by_stem(folder / name) for name in inputs}
    stems = {name: set(found) for name, found in files.items()}
    common = sorted(set.intersection(*stems.values()))
    odd = {
        name: sorted(found - set(common)) for name, found in stems.items() if found - set(common)
    }
    if odd or not common:
        name, missing = next(iter(odd.items()), ("", []))
        raise InputError(
            f"The folders of the inputs in {folder} do not belong together.",
            why=f"{name}/{missing[0]} is not in all of them" if missing else "they hold no samples",
            todo=f"give each sample a picture or a {_ARRAY} file of one name in every folder",
        )

    def load(stem: str) -> Sample:
        return {
            name: _read(files[name][stem], name, spec, preprocess) for name, spec in inputs.items()
        }

    def words(used: int) -> str:
        some = f"{used} of {len(common)}" if used < len(common) else f"{used}"
        return f"{folder} ({some} samples, in a folder for each of {', '.join(inputs)})"

    return Source([common], load, words)


def _by_stem(folder: Path) -> dict[str, Path]:
    """Return the files of samples by their names, but for what these end in."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in (*SUFFIXES, _ARRAY):
            continue
        if path.stem in found:
            raise InputError(f"{found[path.stem]} and {path} are for the same sample.")
        found[path.stem] = path
    return found


def _read(path: Path, name: str, spec: InputSpec, preprocess: Preprocess) -> NDArray[Any]:
    check_plain(path)
    if path.suffix.lower() != _ARRAY:
        if spec.picture is None:
            raise InputError(
                f"The input {name} takes no picture.",
                where=str(path),
                why=f"its shape is {spec.shape}",
                todo=f"give a {_ARRAY} file",
            )
        return spec.placed(load_sample(path, spec.picture, preprocess))
    try:
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except UNREADABLE as error:
        raise InputError(f"The file {path} cannot be read as {_ARRAY}.", why=str(error)) from error
    batch = array if array.ndim == len(spec.shape) and len(array) == 1 else array[None]
    return taken(in_order(batch, name, spec, path)[0], spec, str(path), preprocess)
