"""Which data are tried, and how often."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from tests.fuzz.commands.case import Case
from tests.fuzz.data.arrays import arrays_case
from tests.fuzz.data.generators import generators_case
from tests.fuzz.data.pictures import pictures_case
from tests.fuzz.data.texts import labels_case, lists_case, manifests_case
from tests.fuzz.data.weights import weights_case
from tests.fuzz.data.zips import zips_case

#: In hundredths. A generator has a process of its own, which takes longest.
_SHARES: tuple[tuple[int, Callable[[Generator], Case]], ...] = (
    (24, pictures_case),
    (20, arrays_case),
    (16, zips_case),
    (11, weights_case),
    (8, labels_case),
    (8, lists_case),
    (10, manifests_case),
    (3, generators_case),
)


def data_case(number: int) -> Case:
    """Return hostile data and the command that reads them."""
    rng = np.random.default_rng((5, number))
    shares = np.array([share for share, _ in _SHARES])
    return _SHARES[int(rng.choice(len(_SHARES), p=shares / shares.sum()))][1](rng)
