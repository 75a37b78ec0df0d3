"""The layer that was made bad comes first, with what is bad in it."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import InputError
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.sensitivity.measure import measure, steps
from _edgeship.export.sensitivity.results import Sensitivity
from _edgeship.export.verification.parts import whole_outputs
from tests.export.equalization.test_equalize import chain, scaled
from tests.export.sensitivity.graphs import as_graph, bad_network, samples
from tests.export.tflite.test_equalize import samples_of


def measured(*, outlier: bool) -> Sensitivity:
    graph = as_graph(bad_network(outlier=outlier))
    parts = whole_outputs(run_onnx(serialize(graph), samples(1)), ())
    done: list[int] = []
    found = measure(graph, samples(), parts, "min-max", done.append)
    assert done == sorted(done)
    assert done[-1] <= steps(graph)
    return found


def test_an_outlier_is_found_in_the_result_of_its_layer() -> None:
    found = measured(outlier=True)
    first = found.layers[0]
    assert {one.layer.name for one in found.layers[:2]} == {"layers.2", "mul2"}
    assert first.at_fault == "result"
    assert set(first.repair) >= {first.layer.name, *first.layer.readers}
    assert first.alone_db < found.layers[2].alone_db - 20
    assert [one.alone_db for one in found.layers] == sorted(one.alone_db for one in found.layers)


def test_figures_are_of_the_layer_alone_and_of_all_but_it() -> None:
    found = measured(outlier=True)
    assert all(one.alone_db >= found.all_db - 1 for one in found.layers)
    gate = next(one for one in found.layers if one.layer.name == "layers.4")
    assert math.isfinite(gate.without_db)
    assert found.to_dict()["layers"][0]["keep_float"] == list(found.layers[0].repair)


def test_weights_are_at_fault_where_channels_of_different_sizes_share_steps() -> None:
    found = measured(outlier=False)
    faults = {one.layer.name: one for one in found.layers[:2]}
    assert {name: one.at_fault for name, one in faults.items()} == {
        "layers.2": "result",
        "layers.3": "weights",
    }
    assert faults["layers.3"].repair == ("layers.3",)
    assert faults["layers.2"].repair == ("layers.2", "layers.3")


def test_channels_are_brought_to_one_size_as_in_files() -> None:
    net, model = chain()
    graph, _ = scaled(model, 1e3)
    fed = samples_of(net, 64)
    parts = whole_outputs(run_onnx(serialize(graph), fed[:1]), ())
    plain = measure(graph, fed[:8], parts)
    found = measure(graph, fed[:8], parts, calibration=fed)
    assert (plain.equal, found.equal) == (False, True)
    assert found.all_db > plain.all_db + 10
    assert found.way.endswith("channels brought to one size")
    assert found.to_dict()["equal_channels"]


def test_a_network_of_whole_numbers_has_no_layers() -> None:
    ports = [helper.make_tensor_value_info(name, TensorProto.INT64, [4]) for name in "xy"]
    node = helper.make_node("Add", ["x", "x"], ["y"], name="twice")
    proto = helper.make_model(
        helper.make_graph([node], "whole", ports[:1], ports[1:]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    fed = [{"x": np.arange(4)}]
    with pytest.raises(InputError, match="no layers to round"):
        measure(ir.from_proto(proto), fed, ())
