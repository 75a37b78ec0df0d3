"""The accelerator of this machine, for tests that need one."""

from __future__ import annotations

import pytest

from _edgeship.errors import InputError
from _edgeship.export.delegates.accelerator import Accelerator, find_accelerator


def accelerator() -> Accelerator:
    """Return the GPU accelerator; the test is skipped where it finds no driver."""
    try:
        return find_accelerator()
    except InputError as error:
        pytest.skip(f"no GPU accelerator: {error.why}")
