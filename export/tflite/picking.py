"""A second file of a detector that picks its boxes itself, and whether it picks the right ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.contract.manifest import PickingRecord
from _edgeship.export.contract.target import Job
from _edgeship.export.detection.nms import Found, Rules, problem
from _edgeship.export.detection.reading import Reading, read_head
from _edgeship.export.runtimes.running import run_tflite
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.post_process import CUSTOM_CODE, OUTPUTS, append


@dataclass(frozen=True)
class Picking:
    """How boxes are picked in the files of an export.

    Attributes:
        reading: Which outputs hold boxes and scores.
        rules: Which boxes are kept.
    """

    reading: Reading
    rules: Rules

    @cached_property
    def note(self) -> str:
        """Say what the files give, for the user to check."""
        rules = self.rules
        return (
            f"Files whose names end in _nms pick the boxes themselves, by TFLite's operator "
            f"{CUSTOM_CODE}: at most {rules.most_boxes} with a score of at least "
            f"{rules.least_score:g}, each of its best class, and an overlap of at most "
            f"{rules.most_overlap:g}. They give {', '.join(OUTPUTS)}; a box is top, left, bottom, "
            f"right. {self.reading.in_words}"
        )

    def append(self, data: bytes) -> bytes:
        """Return a file that picks the boxes of one that gives them all."""
        return append(data, self.reading, self.rules)

    def record(self, name: str, picked: bytes) -> PickingRecord:
        """Return the manifest's entry.

        Args:
            name: What the file without the operator is called.
            picked: The file with it.
        """
        return PickingRecord(
            file=file_name(name),
            size=len(picked),
            sha256=hashlib.sha256(picked).hexdigest(),
            outputs=list(OUTPUTS),
            boxes="corners" if self.reading.corners else "middle and size",
            objectness=self.reading.objectness,
            least_score=self.rules.least_score,
            most_overlap=self.rules.most_overlap,
            most_boxes=self.rules.most_boxes,
        )

    def check(self, data: bytes, picked: bytes, samples: Sequence[Sample], io: FileIO) -> None:
        """Compare what the file with the operator picks with what the one without it gives.

        Args:
            data: The file without the operator.
            picked: The one with it.
            samples: To run both on.
            io: How the inputs and outputs of that file relate to the graph's.

        Raises:
            VerificationError: It picks something else than non-maximum suppression does.
        """
        most = self.rules.most_boxes
        shapes = ((1, most, 4), (1, most), (1, most), (1,))
        ports = [
            PortSpec(name, shape, tuple(range(len(shape))))
            for name, shape in zip(OUTPUTS, shapes, strict=True)
        ]
        found_in = run_tflite(picked, samples, replace(io, outputs=tuple(ports)))
        for given, (boxes, labels, scores, count) in zip(
            run_tflite(data, samples, io), found_in, strict=True
        ):
            kept = int(count[0])
            found = Found(boxes[0, :kept], labels[0, :kept].astype(np.int64), scores[0, :kept])
            wrong = problem(*self.reading.read(given), found, self.rules)
            if wrong:
                raise VerificationError(
                    "The file does not pick the boxes that it should.",
                    where=CUSTOM_CODE,
                    why=wrong,
                    todo="use --detection split, and report it",
                )


def picking_of(job: Job) -> Picking | None:
    """Return how boxes are picked in the files of a job, None if they are not.

    Raises:
        InputError: The outputs of the network are not of a kind that can be picked from.
    """
    if job.request.detection != "nms":
        return None
    return Picking(read_head(job.graph.graph, job.network.definition.heads, job.reference), Rules())


def file_name(name: str) -> str:
    """Return what the file with the operator is called, beside one called ``name``."""
    path = PurePath(name)
    return f"{path.stem}_nms{path.suffix}"
