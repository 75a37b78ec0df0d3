from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.coreml.sparsity import is_sparse, least_sparsity


def weight(elements: int, zeros: int) -> np.ndarray:
    values = np.ones(elements, np.float32)
    values[:zeros] = 0
    return values


@pytest.mark.parametrize("bits", [4, 8, 16, 32])
def test_a_mask_pays_from_the_share_of_zeros_at_which_it_takes_half_of_what_they_took(
    bits: int,
) -> None:
    elements = 64 * 256
    zeros = int(least_sparsity(bits) * elements)
    assert zeros * bits == 2 * elements  # the mask takes one bit for each element
    assert is_sparse(weight(elements, zeros), bits)
    assert not is_sparse(weight(elements, zeros - 1), bits)


def test_small_weights_are_stored_densely() -> None:
    assert is_sparse(weight(8193, 8000), 16)
    assert not is_sparse(weight(8192, 8000), 16)
