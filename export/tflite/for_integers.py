"""The float file that is quantized with activations: equal channels, and operators for integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.contract.target import Job
from _edgeship.export.equalization.equalize import FEWEST_SAMPLES, MEASURED_ON
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.equalize import channel_sizes, equalize
from _edgeship.export.tflite.integer_layout import IntegerLayout, integer_layout
from _edgeship.export.verification.demand import demand

#: Samples that the file is compared with the network on.
_VERIFIED_ON = 4


def for_integers(
    graph: TfliteGraph,
    io: FileIO,
    description: str,
    data: bytes,
    crops: Mapping[str, NDArray[np.bool_]],
    job: Job,
) -> IntegerLayout:
    """Return a float file that loses less than another when its activations are rounded.

    Args:
        graph: The graph of the float32 file, which stays as it is.
        io: Its inputs and outputs.
        description: For the file.
        data: The float32 file.
        crops: Name of a tensor of it -> which of its elements count, where not all of them do.
        job: What is exported.

    Raises:
        VerificationError: It computes something else than the network.
    """
    if len(job.samples) < FEWEST_SAMPLES:
        return integer_layout(graph, io, description)
    sizes = channel_sizes(data, evenly_spaced(job.samples, MEASURED_ON), io, crops)
    equalized = equalize(graph, sizes)
    layout = integer_layout(equalized.graph, io, description)
    if not equalized.changed:
        return layout
    session = TFLiteSession(layout.measured, io)
    outputs = [session.run(sample) for sample in job.checked[:_VERIFIED_ON]]
    demand(job.reference[:_VERIFIED_ON], outputs, "float", "equalize channels")
    plain = integer_layout(graph, io, description)
    return replace(layout, changed=equalized.changed, unchanged=plain)
