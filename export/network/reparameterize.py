"""Fold the branches that a network has for training only."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from _edgeship.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def reparameterized(module: nn.Module) -> nn.Module | None:
    """Return a copy of a network with its branches folded, or None if it does not know how to.

    Networks such as RepVGG (arXiv 2101.03697) train several parallel convolutions that sum to one.
    By convention their `reparameterize()` puts that one in their place.

    Args:
        module: The network, in eval mode; it is left as it is.

    Raises:
        InputError: Its `reparameterize()` fails.
    """
    if not callable(getattr(module, "reparameterize", None)):
        return None
    folded = copy.deepcopy(module)
    try:
        folded.reparameterize()  # type: ignore[operator]
    except Exception as error:  # the method is the user's own code
        raise InputError(
            "The network's reparameterize() failed.", why=f"{type(error).__name__}: {error}"
        ) from error
    return folded.eval()
