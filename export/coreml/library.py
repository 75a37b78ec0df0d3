"""coremltools, imported where it is used: it takes seconds and talks while it loads and works."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any


def coremltools() -> Any:
    """Return the module ``coremltools``.

    On Linux it logs one warning for each part that needs macOS, and one for each package newer
    than those it was tested with; what it cannot do shows where it is asked to.
    """
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    import coremltools as module

    return module


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep coremltools' progress bars and Python's warnings off standard error.

    What it warns about is a difference in numbers, which the verification measures. Exceptions
    pass.
    """
    with (
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
