"""Independent readers of metadata: TFLite Support's own library, and MediaPipe's tasks.

Both are packages of PyPI that only tests use, in processes of their own: 60 and 43 MB to fetch.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.fetched_packages import FetchError, fetched

_HERE = Path(__file__).parent

#: The last release; its wheels are for Python 3.11 and older.
_TFLITE_SUPPORT = {
    "tflite-support==0.4.4": "eb6bffda7532bd0e0c95c69a4a3f1276e0434891b8139c21b71db40c713ccc98"
}
_MEDIAPIPE = {
    "mediapipe==1.2.3": "1fcda646cc7b96f73453acc416ce31d0fba287d0f1fc095865272a7ea6986497"
}


def displayer() -> Path:
    """Return the packages that `read_program.py` needs.

    Raises:
        FetchError: They cannot be fetched, or not for this Python.
    """
    if sys.version_info[:2] != (3, 11) or sys.platform != "linux":
        raise FetchError("the pinned wheel of TFLite Support is for Python 3.11 on Linux")
    return fetched("tflite-support", _TFLITE_SUPPORT)


def mediapipe() -> Path:
    """Return the packages that `classify_program.py` needs.

    Raises:
        FetchError: They cannot be fetched.
    """
    return fetched("mediapipe", _MEDIAPIPE)


def read_by_library(packages: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Return what TFLite Support's library reads of files.

    Returns:
        Name of a file -> ``metadata``, as flatc writes JSON; ``files``: name -> Latin-1;
        ``min_parser_version``, as the library finds it.
    """
    read: dict[str, Any] = _run("read_program.py", packages, *files)
    return read


def classify(
    packages: Path, files: Sequence[Path], pictures: NDArray[np.uint8], folder: Path
) -> dict[str, Any]:
    """Return what MediaPipe's ImageClassifier makes of pictures.

    Args:
        packages: Where it is.
        files: The .tflite files.
        pictures: (N, H, W, 3), RGB.
        folder: For the pictures.

    Returns:
        Name of a file -> for each picture its best classes, (number, score, name) each; or a
        sentence, where the file was refused.
    """
    np.save(folder / "pictures.npy", pictures)
    found: dict[str, Any] = _run("classify_program.py", packages, folder / "pictures.npy", *files)
    return found


def _run(program: str, *arguments: object) -> Any:
    argv = [sys.executable, _HERE / program, *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])
