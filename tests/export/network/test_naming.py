"""What files call a network's inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import InputError
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.definition import OnnxFile
from _edgeship.export.network.naming import named, own_names
from _edgeship.export.network.port_names import rename_ports
from _edgeship.export.network.source import load_network
from _edgeship.export.network.valid_names import RESERVED, is_valid, valid
from _edgeship.export.runtimes.running import run_onnx

X = np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32)


def network(tmp_path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> Path:
    """Write a network with an inner value called ``inner``; each output is another multiple."""
    nodes = [helper.make_node("Sum", list(inputs), ["inner"])]
    constants = []
    for number, name in enumerate(outputs, 1):
        constants.append(helper.make_tensor(f"c{number}", TensorProto.FLOAT, [], [float(number)]))
        nodes.append(helper.make_node("Mul", ["inner", f"c{number}"], [name]))
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in names]
        for names in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "g", *ports, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    return path


def names_of(graph: ir.Model) -> tuple[list[str | None], list[str | None]]:
    return [one.name for one in graph.graph.inputs], [one.name for one in graph.graph.outputs]


@pytest.mark.parametrize(
    ("own", "kind", "name"),
    [
        ("input.1", "input", "input_1"),
        ("/model.24/Concat_output_0", "output", "model_24_Concat_output_0"),
        ("2nd", "output", "output_2nd"),
        ("Größe", "output", "Gr_e"),
        ("日本", "input", "input"),
        ("state", "output", "state_"),
        ("_private", "input", "_private"),
        ("images", "input", "images"),
    ],
)
def test_names_become_valid_and_stay_near(own: str, kind: str, name: str) -> None:
    assert valid(own, kind) == name
    assert is_valid(name)


def test_reserved_words_are_those_of_coremltools() -> None:
    preprocess = pytest.importorskip("coremltools.converters.mil.mil.passes.defs.preprocess")
    sanitizer = preprocess.NameSanitizer()
    assert all(sanitizer.sanitize_name(word) != word for word in RESERVED)
    for word in ("boxes", "logits", "class", "output", "int4", "self"):
        assert preprocess.NameSanitizer().sanitize_name(word) == word


def test_names_that_all_files_can_have_stay(tmp_path: Path) -> None:
    with load_network(str(network(tmp_path, ["images"], ["output0", "boxes"]))) as found:
        captured = found.definition.capture(found.shapes)
        same, graph = named(found, captured)
        assert same is found
        assert graph is captured


def test_other_names_are_made_valid_and_differ(tmp_path: Path) -> None:
    path = network(tmp_path, ["x.1", "x_1"], ["x/1", "2nd", "inner_2"])
    with load_network(str(path)) as found:
        new, graph = named(found, found.definition.capture(found.shapes))
        assert names_of(graph) == (["x_1", "x_1_2"], ["x_1_3", "output_2nd", "inner_2"])
        assert own_names(new) == {"x_1": "x.1", "x_1_2": "x_1"}
        sample = {"x_1": X, "x_1_2": 3 * X}
        [outputs] = new.definition.run([sample])
        for number, array in enumerate(outputs, 1):
            np.testing.assert_allclose(array, 4 * number * X, rtol=1e-6)
        [graphs] = run_onnx(serialize(graph), [sample])
        for one, other in zip(graphs, outputs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_names_that_are_asked_for_come_first(tmp_path: Path) -> None:
    """An inner value, the input and another output have the names that are asked for."""
    path = network(tmp_path, ["picture"], ["a", "b"])
    with load_network(str(path)) as found:
        captured = found.definition.capture(found.shapes)
        new, graph = named(found, captured, outputs=["picture", "inner"])
        assert names_of(graph) == (["picture_2"], ["picture", "inner"])
        assert names_of(captured) == (["picture"], ["a", "b"])
        assert len({one.name for node in graph.graph for one in node.outputs}) == 3
        [outputs] = new.definition.run([{"picture_2": X}])
        [graphs] = run_onnx(serialize(graph), [{"picture_2": X}])
        for one, other in zip(graphs, outputs, strict=True):
            np.testing.assert_array_equal(one, other)
        _, graph = named(found, captured, ["b"], ["b_2", "picture"])
        assert names_of(graph) == (["b"], ["b_2", "picture"])


def test_outputs_can_change_their_names_with_each_other(tmp_path: Path) -> None:
    with load_network(str(network(tmp_path, ["x"], ["a", "b"]))) as found:
        _, graph = named(found, found.definition.capture(found.shapes), outputs=["b", "a"])
        [[first, second]] = run_onnx(serialize(graph), [{"x": X}])
        assert names_of(graph)[1] == ["b", "a"]
        np.testing.assert_allclose(second, 2 * first)


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentence"),
    [
        (["a", "b"], [], "--input-names gives 2 names, and the network has 1 input: x."),
        ([], ["a"], "--output-names gives 1 names, and the network has 2 outputs: a, b."),
    ],
)
def test_names_are_counted(
    tmp_path: Path, inputs: list[str], outputs: list[str], sentence: str
) -> None:
    with load_network(str(network(tmp_path, ["x"], ["a", "b"]))) as found:
        captured = found.definition.capture(found.shapes)
        with pytest.raises(InputError, match=sentence):
            named(found, captured, inputs, outputs)


def test_a_batch_stays_open_under_another_name(tmp_path: Path) -> None:
    model = onnx.load(network(tmp_path, ["input.1"], ["y"]))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(model, tmp_path / "open.onnx")
    with load_network(str(tmp_path / "open.onnx"), shapes=[(1, 3, 4, 4)]) as found:
        assert isinstance(found.definition, OnnxFile)
        new, graph = named(found, found.definition.capture(found.shapes))
        assert graph.metadata_props["edgeship.open_batch"] == "input_1"
        [[two]] = new.definition.run_batches([{"input_1": np.concatenate([X, X])}])
        assert two.shape[0] == 2


def test_outputs_that_no_node_computes_get_one() -> None:
    """An input, a constant, and one output twice."""
    x = ir.Value(name="x", shape=ir.Shape([2]), type=ir.TensorType(ir.DataType.FLOAT))
    constant = ir.Value(name="c", shape=ir.Shape([2]), type=ir.TensorType(ir.DataType.FLOAT))
    constant.const_value = ir.tensor(np.array([1, 2], np.float32), name="c")
    node = ir.node("Neg", [x])
    [y] = node.outputs
    y.name, y.shape, y.type = "y", x.shape, x.type
    graph = ir.Graph(
        [x],
        [x, constant, y, y],
        nodes=[node],
        initializers=[constant],
        opset_imports={"": 18},
        name="g",
    )
    model = ir.Model(graph, ir_version=10)
    renamed = rename_ports(model, ["x"], ["same", "fixed", "once", "again"])
    assert renamed["y"] == "once"
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    found = run_onnx(proto.SerializeToString(), [{"x": np.array([3, 4], np.float32)}])
    assert [array.tolist() for array in found[0]] == [[3, 4], [1, 2], [-3, -4], [-3, -4]]


@pytest.mark.parametrize("seed", range(40))
def test_any_graph_computes_the_same_under_other_names(seed: int) -> None:
    """Names are drawn from few, so that they meet those of inner values and of one another."""
    rng = np.random.default_rng(seed)
    own, new = (list(rng.permutation(list("abcdefghij"))) for _ in range(2))
    count = int(rng.integers(1, 3))
    known = own[:count]
    nodes = []
    for result in own[count:]:
        sources = rng.choice(known, 2).tolist()
        nodes.append(helper.make_node(str(rng.choice(["Add", "Sub", "Max"])), sources, [result]))
        known.append(result)
    gives = rng.choice(known[count:], int(rng.integers(1, 5)), replace=False).tolist()
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in names]
        for names in (own[:count], gives)
    ]
    proto = helper.make_model(
        helper.make_graph(nodes, "g", *ports),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    arrays = [rng.normal(size=(1, 4)).astype(np.float32) for _ in range(count)]
    [expected] = run_onnx(proto.SerializeToString(), [dict(zip(own[:count], arrays, strict=True))])
    model = ir.from_proto(proto)
    inputs, outputs = new[:count], new[count : count + len(gives)]
    renamed = rename_ports(model, inputs, outputs)
    assert names_of(model) == (inputs, outputs)
    assert [renamed.get(name, name) for name in gives] == outputs
    found = ir.to_proto(model)
    onnx.checker.check_model(found, full_check=True)
    [outcome] = run_onnx(found.SerializeToString(), [dict(zip(inputs, arrays, strict=True))])
    for one, other in zip(outcome, expected, strict=True):
        np.testing.assert_array_equal(one, other)
