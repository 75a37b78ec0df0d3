"""The browser of this machine, for tests that need one."""

from __future__ import annotations

import pytest

from _edgeship.errors import InputError
from _edgeship.export.runtimes.browser_parts import find_browser, litertjs


def browser() -> str:
    """Return the browser; the test is skipped where there is none, or no LiteRT.js to be had."""
    try:
        found = find_browser()
        litertjs()
    except InputError as error:
        pytest.skip(f"no browser runtime: {error.what} {error.why}")
    return found
