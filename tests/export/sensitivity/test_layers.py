"""What a layer is, what it is called, and who reads it."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import InputError
from _edgeship.export.sensitivity.layers import layers_of, named_layers
from tests.export.sensitivity.graphs import as_graph, bad_network, model_of, random_network


def test_an_activation_belongs_to_its_convolution_and_moves_are_looked_through() -> None:
    constants = {
        "stem.weight": np.ones((4, 3, 3, 3)),
        "head.weight": np.ones((2, 4, 3, 3)),
        "shape": np.array([1, 4, 8, 8]),
    }
    nodes = [
        helper.make_node("Conv", ["image", "stem.weight"], ["a"], "n0", pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"], "n1"),
        helper.make_node("Reshape", ["b", "shape"], ["c"], "n2"),
        helper.make_node("Conv", ["c", "head.weight"], ["d"], "n3", pads=[1] * 4),
        helper.make_node("Sigmoid", ["b"], ["e"], "n4"),
    ]
    found = layers_of(as_graph(model_of(nodes, constants, {"d": (1, 2, 8, 8), "e": (1, 4, 8, 8)})))
    assert [one.name for one in found] == ["image", "stem", "head", "n4"]
    assert [one.kind for one in found] == ["input", "Conv + Relu", "Conv", "Sigmoid"]
    assert found[0].readers == ("stem",)
    assert found[1].readers == ("head", "n4")
    assert found[1].values == ("a", "b") and found[1].results == ("b",)


def test_two_layers_with_one_weight_are_called_by_their_nodes() -> None:
    constants = {"twice.weight": np.ones((3, 3, 3, 3))}
    nodes = [
        helper.make_node("Conv", ["image", "twice.weight"], ["a"], "n0", pads=[1] * 4),
        helper.make_node("Conv", ["a", "twice.weight"], ["b"], "n1", pads=[1] * 4),
    ]
    found = layers_of(as_graph(model_of(nodes, constants, {"b": (1, 3, 8, 8)})))
    assert [one.name for one in found] == ["image", "n0", "n1"]
    assert len(named_layers(found, ["twice.weight"], "--keep-float")) == 2


@pytest.mark.parametrize("seed", range(20))
def test_each_value_that_is_computed_belongs_to_one_layer(seed: int) -> None:
    graph = as_graph(random_network(seed))
    values = [value for one in layers_of(graph) for value in one.values]
    moved = {v.name for n in graph.graph for v in n.outputs if n.op_type in {"Slice", "Concat"}}
    assert len(set(values)) == len(values)
    assert set(values) | moved == {v.name for n in graph.graph for v in n.outputs}


def test_patterns_name_layers_and_near_names_are_offered() -> None:
    layers = layers_of(as_graph(bad_network()))
    assert [one.name for one in named_layers(layers, ["layers.[23]", "gate0"], "x")] == [
        "gate0",
        "layers.2",
        "layers.3",
    ]
    with pytest.raises(InputError, match=r"no layer 'layer\.3'") as caught:
        named_layers(layers, ["layer.3"], "--keep-float")
    assert "layers.3" in caught.value.todo
    with pytest.raises(InputError, match="no layer 'image'"):
        named_layers(layers, ["image"], "--keep-float")
