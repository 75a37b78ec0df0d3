"""coremltools, imported where it is used: it takes seconds and talks while it loads."""

from __future__ import annotations

import logging
from typing import Any


def coremltools() -> Any:
    """Return the module ``coremltools``.

    On Linux it logs one warning for each part that needs macOS, and one for each package newer
    than those it was tested with; what it cannot do shows where it is asked to.
    """
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    import coremltools as module

    return module
