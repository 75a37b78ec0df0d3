"""The values of an ONNX graph, to find the first one that a file computes differently."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.parity import Parity


def out_of_tolerance(parity: Parity, min_sqnr_db: float | None) -> bool:
    """Return whether a value is off: below the SQNR in dB that it must reach, or off for float."""
    if min_sqnr_db is None:
        return judge(parity, "float") is not None
    return not parity.sqnr_db >= min_sqnr_db


def onnx_values(
    model_bytes: bytes, wanted: Collection[str], sample: Sample
) -> dict[str, np.ndarray]:
    """Return the wanted values of a serialized graph for one sample, by name, inputs included.

    Names that the graph does not know are left out.
    """
    import onnx

    model = onnx.load_model_from_string(model_bytes)
    computed = [name for node in model.graph.node for name in node.output if name in wanted]
    outputs = {value.name for value in model.graph.output}
    # Without a type: ONNX Runtime infers it.
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in computed if name not in outputs
    )
    values = {name: array for name, array in sample.items() if name in wanted}
    if computed:
        [arrays] = run_onnx(model.SerializeToString(), [sample], computed)
        values.update(zip(computed, arrays, strict=True))
    return values
