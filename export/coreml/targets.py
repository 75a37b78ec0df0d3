"""The deployment targets: iOS versions, and what each brought to ML programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from export.coreml.library import coremltools
from export.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection

#: iOS version -> version of the operator set in the file.
OPSETS: dict[int, str] = {15: "CoreML5", 16: "CoreML6", 17: "CoreML7", 18: "CoreML8"}


def deployment_target(ios: int) -> Any:
    """Return coremltools' name of the oldest iOS that a package is to run on.

    Raises:
        InputError: ML programs cannot be written for it.
    """
    known: Collection[int] = OPSETS
    if ios not in known:
        raise InputError(
            f"Packages cannot be written for iOS {ios}.",
            todo=f"choose from {', '.join(map(str, known))}",
        )
    return getattr(coremltools().target, f"iOS{ios}")
