"""What Core AI's runtime makes of a program, in the words of the graph it was made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from _edgeship.export.coreai.building.ports import ProgramIO
from _edgeship.export.coreai.format.asset import Asset
from _edgeship.export.coreai.runtime.session import run_all
from _edgeship.export.runtimes.values import Outputs, Sample


def run_program(asset: Asset, io: ProgramIO, samples: Sequence[Sample]) -> Outputs:
    """Return what Core AI's runtime computes from samples, in the order of the graph's outputs.

    Args:
        asset: The folder.
        io: How its inputs and outputs relate to those of the graph.
        samples: What the graph takes.

    Raises:
        VerificationError: The runtime refuses the program, crashes or hangs.
    """
    feeds = [
        {
            port.name: np.asarray(sample[port.onnx_name]).astype(port.dtype).reshape(port.shape)
            for port in io.inputs
        }
        for sample in samples
    ]
    found = run_all(asset, feeds)
    return [[one[port.name].reshape(port.shape) for port in io.outputs] for one in found]
