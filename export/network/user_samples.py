"""Calibration samples from a function of the user's, which runs in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.errors import InputError
from _edgeship.export.calibration.arrays import Arrays
from _edgeship.export.calibration.samples import MAX_BYTES, MOST_SAMPLES, VERIFICATION_SAMPLES
from _edgeship.export.network.array_files import cost, read_arrays
from _edgeship.export.network.user_link import UserLink

if TYPE_CHECKING:
    import numpy as np


def is_function(source: str) -> bool:
    """Return whether a source of samples is ``FILE.py:FUNCTION`` or ``package.module:FUNCTION``."""
    place, colon, function = source.rpartition(":")
    if not colon or not function.isidentifier() or Path(source).exists():
        return False
    return place.endswith(".py") or all(part.isidentifier() for part in place.split("."))


def resolved(
    source: str | Arrays | None, limit: int | None = None
) -> tuple[str | Arrays | None, str]:
    """Return a source of samples that needs no code of the user's, and what to call it.

    Args:
        source: As for `export.calibration.samples.load_samples`, or a function of the user's,
            which is run.
        limit: Most samples to calibrate on; None for as many as by default.

    Raises:
        InputError: The user's code fails, or gives something else than samples; or so many that
            they do not fit into `MAX_BYTES`.
    """
    if not isinstance(source, str) or not is_function(source):
        return source, "memory"
    wanted = (limit or MOST_SAMPLES) + VERIFICATION_SAMPLES
    samples = user_samples(source, wanted, MAX_BYTES)
    count = len(next(iter(samples.values())))
    size = sum(cost(array) for arrays in samples.values() for array in arrays)
    if limit is not None and count < wanted and size >= MAX_BYTES:
        fitting = max(count - VERIFICATION_SAMPLES, 1)
        raise InputError(
            f"{limit} samples are too many to calibrate on.",
            where=source,
            why=f"{fitting} of this size, and those that files are verified on, fill the "
            f"{MAX_BYTES >> 30} GiB that are kept for them",
            todo=f"give --calib-samples {fitting} or less",
        )
    return samples, source


def user_samples(source: str, limit: int, most_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Return samples that a function of the user's gives.

    Args:
        source: ``FILE.py:FUNCTION`` or ``package.module:FUNCTION``.
        limit: Most samples to take.
        most_bytes: No further ones are taken when they fill so many.

    Returns:
        Input name -> the samples along the first axis; "" for the only input.

    Raises:
        InputError: The user's code fails, or gives something else.
    """
    import numpy as np

    place, _, function = source.rpartition(":")
    if place.endswith(".py") and not Path(place).is_file():
        raise InputError(f"{place} does not exist.", todo="check the path before the colon")
    link = UserLink()
    try:
        link.ask(f"{place} cannot be imported.", "load", place=place, function=function)
        path = link.folder / "samples.npz"
        arguments: dict[str, Any] = {"named": source, "limit": limit, "path": str(path)}
        arguments["most_bytes"] = most_bytes
        names: list[str] = link.ask(f"{source}() failed.", "samples", **arguments)
        samples = read_arrays(path)
    finally:
        link.close()
    stacked = {}
    for name, arrays in zip(names, zip(*samples, strict=True), strict=True):
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1:
            raise InputError(
                f"The samples of {source}() have different shapes.",
                why=" and ".join(str(shape) for shape in sorted(shapes)),
            )
        stacked[name] = np.stack(arrays)
    return stacked
