"""What defines a network: it is captured and run, and left as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from _edgeship.errors import InputError
from _edgeship.export.graph.onnx_graph import operator_counts, serialize
from _edgeship.export.network.capture import open_onnx
from _edgeship.export.network.definition import LiveModule, OnnxFile
from _edgeship.export.runtimes.running import run_onnx
from tests.export.command_line import write_network

pytestmark = pytest.mark.slow

SAMPLE = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)


class Nested(nn.Module):
    """Returns its results nested, and what differs between training and eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> dict[str, object]:
        return {"a": self.drop(x), "b": [x.half(), (x.argmax(dim=1),)]}


def test_results_are_flattened_in_eval_mode_and_the_mode_is_put_back() -> None:
    module = Nested().train()
    [[a, b, index]] = LiveModule(module).run([{"x": SAMPLE}])
    assert np.array_equal(a, SAMPLE)
    assert b.dtype == np.float32
    assert index.dtype == np.int64
    assert module.training
    assert module.drop.training


def test_a_result_without_tensors_is_refused() -> None:
    class Text(nn.Module):
        def forward(self, x: torch.Tensor) -> str:
            return "scores"

    with pytest.raises(InputError, match="returns a str"):
        LiveModule(Text()).run([{"x": SAMPLE}])


def test_a_live_module_is_captured_in_eval_mode_and_its_mode_is_put_back() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5)).train()
    definition = LiveModule(module)
    graph = definition.capture([(1, 3, 8, 8)])
    assert "Dropout" not in operator_counts(graph)
    assert module.training and module[1].training
    assert definition.parameters() == 4 * 3 * 9 + 4
    [[expected]] = definition.run([{"input": SAMPLE}])
    [[found]] = run_onnx(serialize(graph), [{"input": SAMPLE}])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_module_of_another_precision_is_copied_to_float32(dtype: torch.dtype) -> None:
    module = nn.Conv2d(3, 4, 3).to(dtype)
    definition = LiveModule(module)
    assert definition.module.weight.dtype == torch.float32
    assert module.weight.dtype == dtype


def test_a_module_that_cannot_be_copied_is_one_sentence() -> None:
    class Single(nn.Conv2d):
        def __deepcopy__(self, memo: object) -> None:
            raise RuntimeError("only one")

    with pytest.raises(InputError, match="cannot be copied") as caught:
        LiveModule(Single(3, 4, 3).double())
    assert "only one" in caught.value.why


class Branches(nn.Module):
    """Two branches that `reparameterize()` adds up."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 1)
        self.b: nn.Module | None = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.a(x) if self.b is None else self.a(x) + self.b(x)

    def reparameterize(self) -> None:
        assert not self.training
        assert isinstance(self.b, nn.Conv2d)
        with torch.no_grad():
            self.a.weight += self.b.weight
            self.a.bias += self.b.bias
        self.b = None


def test_branches_are_folded_in_a_copy() -> None:
    torch.manual_seed(0)
    module = Branches().train()
    definition = LiveModule(module)
    assert not definition.folds
    graph = definition.capture([(1, 3, 8, 8)])
    assert definition.folds
    assert operator_counts(graph) == {"Conv": 1}
    assert module.b is not None
    assert definition.parameters() == 2 * (4 * 3 + 4)
    [[expected]] = definition.run([{"x": SAMPLE}])
    [[found]] = run_onnx(serialize(graph), [{"x": SAMPLE}])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_onnx_file_is_captured_prepared_and_run_as_it_is(tmp_path) -> None:
    opened = open_onnx(write_network(tmp_path / "net.onnx"), [])
    definition = OnnxFile(opened)
    assert not definition.is_graph
    assert definition.capture([(1, 3, 16, 16)]) is opened.prepared.model
    assert definition.parameters() == 8 * 3 * 9 + 8 * 10
    image = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    [[scores]] = definition.run([{"image": image}])
    assert scores.shape == (1, 10)
