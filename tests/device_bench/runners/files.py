"""Small .tflite files for the tests of runners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from _edgeship.export.tflite.building.graph import options
from tests.export.tflite.small_graphs import Small

SHAPE = (1, 4, 5, 3)


def write_sub_and_mul(path: Path) -> Path:
    """Write a network with inputs z, a and outputs y = z - a, b = z * a, in this order.

    The order is not the alphabetical one, in which interpreters like to list names.
    """
    small = Small(z=SHAPE, a=SHAPE)
    small.op("SUB", "z a", "y", SHAPE, opts=options("SubOptions"))
    small.op("MUL", "z a", "b", SHAPE, opts=options("MulOptions"))
    path.write_bytes(small.out("y b").data())
    return path


def write_inputs(folder: Path, seed: int = 0) -> tuple[list[Path], list[np.ndarray]]:
    """Write random inputs for it as raw bytes; return the files and the values."""
    generator = np.random.default_rng(seed)
    values = [generator.standard_normal(SHAPE).astype(np.float32) for _ in range(2)]
    files = [folder / f"input {index}" for index in range(2)]
    for file, value in zip(files, values, strict=True):
        file.write_bytes(value.tobytes())
    return files, values
