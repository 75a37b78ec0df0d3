import pytest
import torch
from torch import Tensor, nn

import models
from models.complexity import Complexity, LayerCost, count, per_layer


@pytest.mark.parametrize(
    ("layer", "input_shape", "mult_adds", "params"),
    [
        # output values x inputs that each one sums
        (nn.Linear(10, 4), (3, 10), 3 * 4 * 10, 44),
        (nn.Linear(10, 4, bias=False), (3, 7, 10), 3 * 7 * 4 * 10, 40),
        (nn.Conv1d(2, 5, 3), (1, 2, 12), 5 * 10 * 2 * 3, 35),
        (nn.Conv2d(3, 8, 3, stride=2, padding=1), (1, 3, 9, 9), 8 * 25 * 27, 224),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), (2, 8, 5, 5), 2 * 8 * 25 * 9, 80),
        (nn.Conv2d(4, 6, (1, 3), groups=2), (1, 4, 5, 5), 6 * 15 * 6, 42),
        (nn.Conv2d(2, 2, 3, dilation=2), (1, 2, 5, 5), 2 * 1 * 18, 38),
        (nn.Conv3d(2, 3, 2), (1, 2, 3, 4, 5), 3 * 24 * 16, 51),
        # input values x outputs that each one is added to
        (nn.ConvTranspose1d(2, 3, 4, stride=2), (1, 2, 5), 10 * 12, 27),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (1, 4, 5, 5), 100 * 27, 114),
        (nn.ConvTranspose3d(1, 2, 2), (1, 1, 2, 2, 2), 8 * 16, 18),
        (nn.BatchNorm2d(6), (2, 6, 3, 3), 0, 12),
        (nn.MaxPool2d(2), (1, 3, 4, 4), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_layer_costs_what_its_formula_says(
    layer: nn.Module, input_shape: tuple[int, ...], mult_adds: int, params: int
) -> None:
    assert count(layer, input_shape) == Complexity(mult_adds, params)


def test_rows_come_in_call_order_and_hold_names_and_shapes() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())
    module.append(nn.Linear(8, 3))
    assert per_layer(module, (1, 1, 4, 4)) == [
        LayerCost("0", "Conv2d", 72, 20, (1, 1, 4, 4), (1, 2, 2, 2)),
        LayerCost("1", "BatchNorm2d", 0, 4, (1, 2, 2, 2), (1, 2, 2, 2)),
        LayerCost("4", "Linear", 24, 27, (1, 8), (1, 3)),
    ]


class _Twice(nn.Module):
    """Calls one layer twice, shares its weight with another and owns a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.first = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4, bias=False)
        self.tied.weight = self.first.weight
        self.unused = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.tied(self.first(self.first(x))) * self.scale
        return y


def test_calls_are_counted_each_time_and_parameters_once() -> None:
    rows = per_layer(_Twice(), (1, 4))
    assert [(row.name, row.mult_adds, row.params) for row in rows] == [
        ("first", 16, 20),
        ("first", 16, 0),
        ("tied", 16, 0),
        ("", 0, 4),
    ]
    # The unused layer costs no mult-adds, but its 20 parameters are part of the network.
    assert count(_Twice(), (1, 4)) == Complexity(48, 44)


def test_a_layer_that_returns_a_tuple_has_no_output_shape() -> None:
    (row,) = per_layer(nn.LSTM(3, 2), (5, 1, 3))
    assert (row.kind, row.mult_adds, row.input_shape, row.output_shape) == (
        "LSTM",
        0,
        (5, 1, 3),
        (),
    )


def test_rows_of_a_network_add_up_to_its_count() -> None:
    module = models.create("shufflenet_v2_x0_5")
    rows = per_layer(module, (1, 3, 64, 64))
    total = count(module, (1, 3, 64, 64))
    assert sum(row.mult_adds for row in rows) == total.mult_adds
    assert sum(row.params for row in rows) == total.params == 1_366_792
    assert rows[0].name == "conv1.0"
    assert rows[0].mult_adds == 24 * 32 * 32 * 27


def test_mult_adds_grow_with_the_batch() -> None:
    module = models.create("shufflenet_v2_x0_5")
    one, four = (count(module, (n, 3, 64, 64)) for n in (1, 4))
    assert four.mult_adds == 4 * one.mult_adds
    assert four.params == one.params


@pytest.mark.parametrize("input_shape", [(2, 3, 8, 8), (2, 5, 8, 8)], ids=["runs", "fails"])
def test_the_network_is_left_as_it_was(input_shape: tuple[int, ...]) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    module[2].eval()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    if input_shape[1] == 3:
        count(module, input_shape)
    else:
        with pytest.raises(RuntimeError, match="channels"):
            count(module, input_shape)
    assert [layer.training for layer in module.modules()] == [True, True, True, False]
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not any(layer._forward_hooks for layer in module.modules())


def test_the_input_has_the_networks_precision() -> None:
    assert count(nn.Linear(3, 2).double(), (1, 3)) == Complexity(6, 8)
