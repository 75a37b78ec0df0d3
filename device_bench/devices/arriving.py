"""A file that is copied from a device: either all of it is there or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from _edgeship.errors import DeviceError


@contextmanager
def arriving(local: Path) -> Iterator[IO[bytes]]:
    """Yield a file to write to, which gets its name if the block ends without an error.

    Raises:
        DeviceError: It cannot be written.
    """
    partial = local.with_name(f"{local.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(local)
    except OSError as error:
        raise DeviceError(f"{local} cannot be written.", why=str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
