"""Samples that a function of the user's returns or yields.

This is done in the process of the user's code alone, and imports nothing else of edgeship but
`array_files` and `torch_network`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from _edgeship.export.network.array_files import cost
from _edgeship.export.network.torch_network import Refused

if TYPE_CHECKING:
    import numpy as np

_WANTED = (
    "yield arrays or tensors without a batch axis: one each for a network with one input, a dict "
    "from the inputs' names for one with several"
)


def taken(
    function: Callable[[], Any], named: str, limit: int, most_bytes: int
) -> list[dict[str, np.ndarray]]:
    """Return the first samples that a function gives.

    Args:
        function: Returns samples one by one, or is a generator of them.
        named: What the user calls it.
        limit: Most samples to take; a generator may have no end.
        most_bytes: No further ones are taken when they fill so many.

    Returns:
        Input name to array, for each sample; the name is "" where a sample is a single array.

    Raises:
        Refused: It gives none, or something else.
    """
    found = function()
    try:
        each = iter(found)
    except TypeError:
        raise Refused(f"{named}() returned {type(found).__name__}.", todo=_WANTED) from None
    samples: list[dict[str, np.ndarray]] = []
    size = 0
    for sample in itertools.islice(each, limit):
        samples.append(_arrays(sample, named))
        size += sum(map(cost, samples[-1].values()))
        if size >= most_bytes:
            break
    if not samples:
        raise Refused(f"{named}() gave no samples.", todo=_WANTED)
    if any(sample.keys() != samples[0].keys() for sample in samples):
        raise Refused(f"The samples of {named}() are for different inputs.", todo=_WANTED)
    return samples


def _arrays(sample: Any, named: str) -> dict[str, np.ndarray]:
    if not isinstance(sample, Mapping):
        return {"": _array(sample, named)}
    if not sample or not all(isinstance(name, str) for name in sample):
        raise Refused(f"The names in a sample of {named}() are no words.", todo=_WANTED)
    return {name: _array(value, named) for name, value in sample.items()}


def _array(value: Any, named: str) -> np.ndarray:
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "biuf":
        kind = type(value).__name__
        raise Refused(f"{named}() gave a sample of type {kind}.", todo=_WANTED)
    return np.asarray(value)
