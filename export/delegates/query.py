"""What the GPU accelerator is asked about a file, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from _edgeship.export.delegates.gpu_log import GpuLog


@dataclass(frozen=True)
class Query:
    """A file to compile for the GPU, and what to run it on.

    Attributes:
        data: The file.
        feeds: For each sample one array for each input, as the file stores them; none to compile
            the file only.
        inputs: Names of the inputs, in the order of the arrays.
        outputs: Names of the outputs.
        shapes: Their shapes, as the file stores them.
        fallback: Whether the CPU may run what the GPU does not take.
        half: Whether the driver may compute in float16.
    """

    data: bytes
    feeds: Sequence[Sequence[np.ndarray]] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    shapes: Sequence[tuple[int, ...]] = ()
    fallback: bool = False
    half: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a query.

    Attributes:
        log: What the accelerator printed.
        problem: Why there are no outputs, in the middle of a sentence; "" if nothing failed.
        died: Whether the process ended instead of answering.
        outputs: For each sample one array for each output, as the file stores them.
    """

    log: GpuLog
    problem: str = ""
    died: bool = False
    outputs: list[list[np.ndarray]] = field(default_factory=list)
