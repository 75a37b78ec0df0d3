"""Cases in Core ML packages, evaluated."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.lowering import Lowered, lower
from tests.conformance.preparing import Feeds
from tests.conformance.together import Together

#: The oldest iOS that packages are written for here.
IOS = 15


def _evaluated(lowered: Lowered, inputs: Feeds) -> list[np.ndarray]:
    """The outputs of the package that is written of a program, in the graph's order."""
    from _edgeship.export.coreml.convert import convert
    from _edgeship.export.coreml.evaluator.reading import read_program
    from _edgeship.export.coreml.evaluator.running import run
    from _edgeship.export.coreml.format.package import package_of
    from _edgeship.export.coreml.judging import package_feeds

    feeds = package_feeds(lowered, inputs)
    results = run(read_program(package_of(convert(lowered, IOS, "float32"))), feeds)
    return [results[port.name] for port in lowered.io.outputs]


PACKAGES = Together(lambda graph: lower(graph, IOS), _evaluated)
