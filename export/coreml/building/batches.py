"""A batch whose size an application chooses: constants of operators that follow it.

MIL finds the shapes of a program from its inputs', of which one axis is then a symbol. Most
operators do so by themselves; a reshape and a slice hold sizes of their own. Whether a program
computes the same for each entry of a batch must be seen by running it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def following_batch(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operator's inputs with the size of the batch left to what it reads.

    Args:
        kind: The operator's name in MIL.
        inputs: By MIL's names, made for a batch of 1.
    """
    given = dict(inputs)
    if not has_open_batch(given.get("x")):
        return given
    if kind == "reshape" and list(given["shape"])[:1] == [1] and -1 not in given["shape"]:
        given["shape"] = [-1, *list(given["shape"])[1:]]
    if kind == "slice_by_index" and (given["begin"][0], given["end"][0]) == (0, 1):
        rest = [False] * (len(given["begin"]) - 1)
        given["begin_mask"] = given["end_mask"] = [True, *rest]
    return given


def has_open_batch(variable: Any) -> bool:
    """Return whether the first axis of a variable is the batch, of any size."""
    from coremltools.converters.mil.mil.types.symbolic import is_symbolic

    shape: tuple[Any, ...] = getattr(variable, "shape", None) or ()
    return bool(shape) and bool(is_symbolic(shape[0]))


def of_one(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a variable's shape for a batch of 1."""
    from coremltools.converters.mil.mil.types.symbolic import is_symbolic

    return tuple(1 if is_symbolic(extent) else extent for extent in shape)
