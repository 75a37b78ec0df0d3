from __future__ import annotations

from collections import Counter

import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import operator_counts
from _edgeship.export.network.source import load_network
from _edgeship.export.passes import rewrite
from _edgeship.export.simplify import simplify
from tests.export.coreml.ops.harness import check


@pytest.mark.slow
def test_a_shuffled_network_holds_what_its_rewritten_graph_holds() -> None:
    """Neither the lowering nor coremltools adds a reshape or a transpose."""
    network = load_network("shufflenet_v2_x0_5", shapes=[(1, 3, 64, 64)])
    captured = network.definition.capture(network.shapes)
    rewritten, _ = rewrite(simplify(captured))
    counts = operator_counts(rewritten)
    model = ir.to_proto(rewritten)
    exact = check(model, 15, "float32", tolerance=1e-5)
    half = check(model, 15, "float16", tolerance=1e-2)
    assert Counter(exact) == {
        "concat": counts["Concat"],
        "conv": counts["Conv"],
        "linear": counts["Gemm"],
        "max_pool": counts["MaxPool"],
        "reduce_mean": counts["ReduceMean"],
        "relu": counts["Relu"],
        "slice_by_index": counts["Slice"],
    }
    assert Counter(half) == Counter(exact) + Counter(cast=2)
