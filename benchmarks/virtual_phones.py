"""Virtual phones for benchmarks: those of the tests, on an adb server of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import checkout  # noqa: F401

from tests.phone.phone import Phone
from tests.phone.server import AdbServer


@contextmanager
def phones(count: int) -> Iterator[list[Phone]]:
    """Yield virtual phones of one model, which adb reaches until the end of the block.

    Commands that this process starts find them by their serial numbers.
    """
    with AdbServer() as server:
        os.environ.update(server.environment)
        made: list[Phone] = []
        try:
            for _ in range(count):
                made.append(Phone())
                server.run("connect", made[-1].serial)
            yield made
        finally:
            for phone in made:
                phone.close()
