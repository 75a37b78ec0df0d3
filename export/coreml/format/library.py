"""coremltools, imported where it is used: it takes seconds and talks while it loads and works."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

#: Version of the file format -> the oldest iOS that reads it.
IOS_OF_VERSION = {6: 15, 7: 16, 8: 17, 9: 18, 10: 26}


def coremltools() -> Any:
    """Return the module ``coremltools``.

    On Linux it logs one warning for each part that needs macOS, and one for each package newer
    than those it was tested with; what it cannot do shows where it is asked to.
    """
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    import coremltools as module

    return module


def deployment_target(ios: int) -> Any:
    """Return coremltools' name of the oldest iOS that a package is to run on.

    Args:
        ios: One of `export.coreml.schemes.IOS`.
    """
    return getattr(coremltools().target, f"iOS{ios}")


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


@contextlib.contextmanager
def frozen_heap() -> Iterator[None]:
    """Exempt all objects that exist from the garbage collector, for as long as the block runs.

    coremltools collects garbage in each conversion, and its passes make so many objects that
    Python does so meanwhile. Each time the modules that are loaded, some hundred thousand objects
    that stay, are searched as well. The block is to hold several conversions: what was frozen for
    one would be garbage that the next one cannot collect.
    """
    coremltools()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
