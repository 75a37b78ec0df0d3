"""From a module or a file to a graph with static shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.cost import mult_adds, parameters
from _edgeship.export.graph.onnx_graph import infer_shapes, input_shapes, operator_counts, serialize
from _edgeship.export.network import torch_export, torch_network
from _edgeship.export.network.capture import capture_module, read_onnx
from _edgeship.export.network.torch_export import OPSET
from _edgeship.export.preparation.prepare import prepare_captured
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.simplify import simplify

pytestmark = pytest.mark.slow


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 10)

    def forward(self, image):
        x = torch.relu(self.norm(self.conv(image)))
        return self.fc(x.mean([2, 3]))


@pytest.fixture(scope="module")
def block():
    torch.manual_seed(0)
    module = Block().eval()
    nn.init.normal_(module.norm.bias)  # else the exporter leaves the bias of zeros out
    return module


@pytest.fixture(scope="module")
def captured(block):
    return prepare_captured(capture_module(block, [(1, 3, 16, 16)])[0])


def test_captured_graph_computes_what_the_module_does(block, captured):
    x = np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype(np.float32)
    [[found]] = run_onnx(serialize(captured), [{"image": x}])
    expected = block(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert captured.opset_imports[""] == OPSET
    assert input_shapes(captured) == {"image": (1, 3, 16, 16)}


def test_simplified_graph_computes_the_same_and_the_original_is_kept(captured):
    before = serialize(captured)
    simplified = simplify(captured)
    assert serialize(captured) == before
    x = np.random.default_rng(1).normal(size=(1, 3, 16, 16)).astype(np.float32)
    [[a]], [[b]] = (run_onnx(serialize(g), [{"image": x}]) for g in (captured, simplified))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_costs_are_those_computed_by_hand(captured):
    # 8 filters of 3x3x3 at 8x8 places, then 8 by 10; the folded norm leaves one bias a filter.
    assert mult_adds(captured) == 8 * 8 * 8 * 27 + 80
    assert parameters(captured) == 8 * 27 + 8 + 80 + 10


def test_a_shape_the_module_refuses_is_the_users_to_mend(block):
    with pytest.raises(InputError, match="does not run on inputs of shape 1,4,16,16"):
        capture_module(block, [(1, 4, 16, 16)])


class Inexpressible(nn.Module):
    def forward(self, x):
        return torch.linalg.svdvals(x)


class DataDependent(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


def test_what_torch_cannot_export_is_named_as_unsupported():
    with pytest.raises(UnsupportedError) as caught:
        capture_module(Inexpressible().eval(), [(1, 3)])
    assert caught.value.exit_code == 4
    assert "TorchScript" in caught.value.why


def test_what_torch_export_cannot_take_is_traced():
    graph, traced = capture_module(DataDependent().eval(), [(1, 3)])
    assert traced
    assert input_shapes(graph) == {"x": (1, 3)}
    assert [value.name for value in graph.graph.outputs] == ["output"]
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2), nn.ReLU()).eval())
    graph, traced = capture_module(scripted, [(2, 3)])
    assert traced == "it is a TorchScript module"
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    [name] = input_shapes(infer_shapes(graph))
    [[found]] = run_onnx(serialize(graph), [{name: x}])
    np.testing.assert_allclose(found, scripted(torch.from_numpy(x)).detach().numpy(), atol=1e-6)


class Features(NamedTuple):
    small: torch.Tensor
    large: torch.Tensor


@dataclass
class Heads:
    species: torch.Tensor
    health: dict[str, torch.Tensor]
    nothing: torch.Tensor | None = None


class Nested(nn.Module):
    def __init__(self, result):
        super().__init__()
        self.result = result

    def forward(self, x):
        return self.result(x)


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (lambda x: {"b": x + 1, "a": [x * 2, x * 3]}, ["b", "a_0", "a_1"]),
        (lambda x: (x + 1, {"a/b": {"c": x * 2}}), ["output_0", "output_1_a_b_c"]),
        (lambda x: Features(x + 1, (x * 2, x * 3)), ["small", "large_0", "large_1"]),
        (lambda x: {"a.b": x + 1, "a_b": x * 2}, ["a_b", "a_b_2"]),
        (lambda x: x + 1, ["output"]),
        (lambda x: (x + 1, [x * 2]), ["output_0", "output_1_0"]),
        (lambda x: Heads(x + 1, {"leaf": x * 2}), ["species", "health_leaf"]),
        # Names that torch gives to other values of the graph, or that are those of the input.
        (lambda x: {"mul": x * 2 + 1, "add": x * 2, "x": x + 1}, ["mul", "add", "x"]),
        (lambda x: {"one": x + 1, "same": x}, ["one", "same"]),
    ],
)
@pytest.mark.parametrize("scripted", [False, True])
def test_outputs_keep_the_names_under_which_they_are_returned(result, names, scripted):
    module, given = Nested(result).eval(), (torch.zeros(1, 3),)
    expected = module(torch.ones(1, 3))
    assert torch_export.output_names(expected) == names
    if scripted and isinstance(expected, Heads):
        pytest.skip("torch traces no dataclasses")
    x = np.random.default_rng(0).normal(size=(1, 3)).astype(np.float32)
    model = (
        torch_export._traced(module, given)
        if scripted
        else torch_export._exported(module, given, expected)
    )
    graph = ir.from_proto(torch_export._named(model, module, given, expected))
    assert [value.name for value in graph.graph.inputs] == ["x"]
    names = ["x_2" if name == "x" else name for name in names]
    assert [value.name for value in graph.graph.outputs] == names
    [found] = run_onnx(serialize(graph), [{"x": x}])
    [expected] = torch_network.run(module, [[x]])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_integer_inputs():
    graph, traced = capture_module(nn.Embedding(7, 4), [(1, 5)], ["int64"])
    assert not traced
    [value] = graph.graph.inputs
    assert value.dtype == ir.DataType.INT64
    with pytest.raises(InputError, match="does not run") as caught:
        capture_module(nn.Embedding(7, 4), [(1, 5)])
    assert "--input 1,16:int64" in caught.value.todo


def relu_file(path, shape, opset=18):
    proto = helper.make_model(
        helper.make_graph(
            [helper.make_node("Relu", ["x"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
    )
    proto.ir_version = 9
    onnx.save(proto, str(path))
    return path


def test_open_dimensions_are_named_and_fixed(tmp_path):
    path = relu_file(tmp_path / "m.onnx", ["batch", 3, "height", 8])
    with pytest.raises(InputError, match=r"batch, 3, height, 8"):
        read_onnx(path, [])
    model = read_onnx(path, [(2, 3, 4, 8)])
    assert input_shapes(model) == {"x": (2, 3, 4, 8)}
    assert tuple(model.graph.outputs[0].shape) == (2, 3, 4, 8)


def test_another_rank_is_refused(tmp_path):
    path = relu_file(tmp_path / "m.onnx", [1, 3, "height", 8])
    with pytest.raises(InputError, match="does not fit the input x"):
        read_onnx(path, [(1, 3, 4)])


def test_too_many_inputs(tmp_path):
    path = relu_file(tmp_path / "m.onnx", [1, 3])
    with pytest.raises(InputError, match="has 1 inputs"):
        read_onnx(path, [(1, 3), (1, 3)])


def test_missing_and_corrupt_files(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_onnx(tmp_path / "none.onnx", [])
    path = tmp_path / "broken.onnx"
    path.write_bytes(relu_file(tmp_path / "m.onnx", [1, 3]).read_bytes()[:-20])
    with pytest.raises(InputError, match="not a readable ONNX model"):
        read_onnx(path, [])
    path.write_bytes(b"")
    with pytest.raises(InputError):
        read_onnx(path, [])


def test_constant_nodes_become_initializers(tmp_path):
    value = helper.make_tensor("v", TensorProto.FLOAT, (3,), [1.0, 2.0, 3.0])
    proto = helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Constant", [], ["c"], value=value),
                helper.make_node("Add", ["x", "c"], ["y"]),
            ],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
    )
    proto.ir_version = 9
    onnx.save(proto, str(tmp_path / "c.onnx"))
    model = read_onnx(tmp_path / "c.onnx", [])
    assert operator_counts(model) == {"Add": 1}
    assert tuple(model.graph.outputs[0].shape) == (1, 3)
