"""Cases in .aimodel folders, run by Apple's runtime."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreai.execution import run_program
from _edgeship.export.coreai.format.asset import asset_of
from _edgeship.export.coreai.lowering import Lowered, lower
from tests.conformance.preparing import Feeds
from tests.conformance.together import Together


def _run(lowered: Lowered, inputs: Feeds) -> list[np.ndarray]:
    """The outputs of the folder that is written of a program, in the graph's order."""
    (outputs,) = run_program(asset_of(lowered.program), lowered.io, [inputs])
    return outputs


#: Opening the runtime takes as long as running thirty cases.
AIMODELS = Together(lower, _run, most=90)
