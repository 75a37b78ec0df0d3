"""Lists of arrays in files, by which the samples and outputs of a user's network travel.

The process of a user's network uses this file too: it imports nothing else of edgeship.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


#: What an array in memory and in the file costs beside its numbers, or somewhat more.
_BESIDE = 1024


def cost(array: np.ndarray) -> int:
    """Return how many bytes an array of a sample takes."""
    return array.nbytes + _BESIDE


def write_arrays(path: Path, lists: Sequence[Sequence[np.ndarray]]) -> None:
    """Write lists of arrays into an uncompressed .npz file."""
    import numpy as np

    named: dict[str, Any] = {"counts": np.array([len(arrays) for arrays in lists], np.int64)}
    for i, arrays in enumerate(lists):
        named |= {f"{i}.{j}": array for j, array in enumerate(arrays)}
    with path.open("wb") as file:
        np.savez(file, **named)


def read_arrays(path: Path) -> list[list[np.ndarray]]:
    """Return what `write_arrays` wrote."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        return [[file[f"{i}.{j}"] for j in range(count)] for i, count in enumerate(file["counts"])]
