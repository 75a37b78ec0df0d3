"""The float file that is quantized with activations: as kernels on integers like it best."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.movement_costs import INT8
from _edgeship.export.tflite.read_whole import read_whole
from _edgeship.export.tflite.split_filters import split_filters
from _edgeship.export.tflite.writer import to_bytes, to_model


@dataclass(frozen=True)
class IntegerLayout:
    """A float32 file that computes the same as another, in other operators.

    Attributes:
        data: The file.
        measured: Another with all its tensors but those in ``names``, which ranges are measured on.
        names: Name of a tensor that only it has -> the one of the other file with its channels.
        changed: Names of tensors that hold other values than in the file that is not quantized.
        unchanged: The layout in which none does; None where that is this one.
    """

    data: bytes
    measured: bytes
    names: Mapping[str, str]
    changed: frozenset[str] = frozenset()
    unchanged: IntegerLayout | None = None

    def ranges(self, measured: Ranges) -> Ranges:
        """Return the ranges of its tensors, given those of the other file's."""
        return measured | {new: measured[old] for new, old in self.names.items() if old in measured}


def integer_layout(graph: TfliteGraph, io: FileIO, description: str) -> IntegerLayout:
    """Write a graph in the layout for integers.

    Args:
        graph: The graph of the float32 file, which stays as it is.
        io: Its inputs and outputs.
        description: For the file.
    """
    constants = {id(one.data): one.data for one in graph.tensors}
    split = copy.deepcopy(graph, constants)  # weights are shared
    names = split_filters(split, (INT8,)) | read_whole(split, INT8)
    measured = to_bytes(to_model(graph, io, description))
    return IntegerLayout(to_bytes(to_model(split, io, description)), measured, names)
