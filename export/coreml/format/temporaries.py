"""Where coremltools keeps its temporary files.

It writes every package that it makes among the temporary files of the computer, each as large as
the network, and removes them when Python ends: a notebook collects them until then, and a process
that is killed leaves them there.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from _edgeship.export.coreml.format.library import coremltools
from _edgeship.work_folders import temporary_folder

#: The folder of the block that is running.
_folder: ContextVar[Path | None] = ContextVar("folder", default=None)

#: What makes temporary files and folders.
_MAKERS = {"mkdtemp", "TemporaryDirectory", "NamedTemporaryFile"}


class _Placed:
    """The module ``tempfile``, for coremltools: what it makes lies in the folder of the block."""

    def __getattr__(self, name: str) -> Any:
        found, folder = getattr(tempfile, name), _folder.get()
        return functools.partial(found, dir=folder) if folder and name in _MAKERS else found


@contextlib.contextmanager
def temporaries_of_its_own() -> Iterator[None]:
    """Keep what coremltools writes until the end of the block, where the next process finds it.

    Models that were made inside of it are not to be saved behind it.
    """
    coremltools()
    from coremltools.converters.mil import converter
    from coremltools.models import utils

    converter._tempfile = utils._tempfile = _Placed()
    with temporary_folder() as folder:
        token = _folder.set(folder)
        try:
            yield
        finally:
            _folder.reset(token)
