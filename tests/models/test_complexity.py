import math

import pytest
import torch
from torch import Tensor, nn

from _edgeship.models import zoo
from _edgeship.models.complexity import Complexity, LayerCost, count, per_layer


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
    total = count(layer, input_shape)
    assert (total.mult_adds, total.params) == (mult_adds, params)


PLACES = 56 * 56


def _pointwise(c1: int, c2: int, groups: int = 1) -> LayerCost:
    """Count a 1x1 convolution at 56x56."""
    (row,) = per_layer(nn.Conv2d(c1, c2, 1, groups=groups), (1, c1, 56, 56))
    return row


@pytest.mark.parametrize(
    ("c1", "c2", "mac"),
    [
        # Table 1 of the ShuffleNet V2 paper: 3136 (c1 + c2) + c1 c2
        (128, 128, 802_816 + 16_384),
        (90, 180, 846_720 + 16_200),
        (52, 312, 1_141_504 + 16_224),
        (36, 432, 1_467_648 + 15_552),
    ],
)
def test_g1_mac_of_a_pointwise_convolution(c1: int, c2: int, mac: int) -> None:
    row = _pointwise(c1, c2)
    assert row.memory_access == mac
    # 2 sqrt(hw B) + B / hw with B = hw c1 c2
    bound = 2 * PLACES * math.sqrt(c1 * c2) + c1 * c2
    assert row.bound == pytest.approx(bound)
    assert row.access_ratio == pytest.approx(mac / bound)
    assert row.intensity == pytest.approx(PLACES * c1 * c2 / (4 * mac))


def test_g1_equal_widths_meet_the_bound_and_others_miss_it_the_more_they_differ() -> None:
    rows = [_pointwise(c1, c2) for c1, c2 in ((128, 128), (90, 180), (52, 312), (36, 432))]
    assert (rows[0].bound, rows[0].access_ratio) == (819_200, 1.0)
    ratios = [row.access_ratio or 0 for row in rows]
    assert ratios == sorted(set(ratios))
    # Without the weights it would be (1 + r) / (2 sqrt(r)) for c2 = r c1.
    assert ratios == pytest.approx([1, 3 / 8**0.5, 7 / 24**0.5, 13 / 48**0.5], rel=0.02)


@pytest.mark.parametrize(
    ("groups", "channels", "mac"),
    [
        # Table 2: 3136 * 2c + c c / g
        (1, 128, 802_816 + 16_384),
        (2, 180, 1_128_960 + 16_200),
        (4, 256, 1_605_632 + 16_384),
        (8, 360, 2_257_920 + 16_200),
    ],
)
def test_g2_groups_raise_the_mac_at_equal_mult_adds(groups: int, channels: int, mac: int) -> None:
    row = _pointwise(channels, channels, groups)
    assert (row.groups, row.memory_access) == (groups, mac)
    first = _pointwise(128, 128)
    assert row.mult_adds == pytest.approx(first.mult_adds, rel=0.012)
    assert row.bound == pytest.approx(first.bound or 0, rel=0.012)


@pytest.mark.parametrize(
    ("layer", "input_shape", "activations", "mac"),
    [
        # input + output + weights, without the bias
        (nn.Linear(10, 4), (3, 10), 12, 30 + 12 + 40),
        (nn.Conv1d(2, 5, 3), (1, 2, 12), 50, 24 + 50 + 30),
        (nn.Conv2d(3, 8, 3, stride=2, padding=1), (1, 3, 9, 9), 200, 243 + 200 + 216),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), (2, 8, 5, 5), 400, 400 + 400 + 72),
        (nn.Conv3d(2, 3, 2), (1, 2, 3, 4, 5), 72, 120 + 72 + 48),
        (nn.ConvTranspose1d(2, 3, 4, stride=2), (1, 2, 5), 36, 10 + 36 + 24),
        (nn.ConvTranspose2d(4, 6, 3, 2, groups=2), (1, 4, 5, 5), 726, 100 + 726 + 108),
        (nn.ConvTranspose3d(1, 2, 2), (1, 1, 2, 2, 2), 54, 8 + 54 + 16),
        # a 1x1 convolution that shrinks or pads its input has no bound
        (nn.Conv2d(4, 6, 1, stride=2), (1, 4, 5, 5), 54, 100 + 54 + 24),
        (nn.Conv2d(4, 6, 1, padding=1), (1, 4, 5, 5), 294, 100 + 294 + 24),
        # not counted
        (nn.BatchNorm2d(6), (2, 6, 3, 3), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_any_layer_accesses_its_input_its_output_and_its_weights(
    layer: nn.Module, input_shape: tuple[int, ...], activations: int, mac: int
) -> None:
    (row,) = per_layer(layer, input_shape)
    assert (row.activation_bytes, row.memory_access) == (4 * activations, mac)
    assert (row.bound, row.access_ratio) == (None, None)
    assert row.intensity == (row.mult_adds / (4 * mac) if mac else None)


@pytest.mark.parametrize(
    ("layer", "input_shape", "places", "weights"),
    [
        (nn.Conv1d(4, 9, 1), (1, 4, 12), 12, 36),
        (nn.Conv2d(4, 9, 1), (5, 4, 3, 2), 30, 36),
        (nn.Conv3d(4, 9, 1), (1, 4, 2, 3, 5), 30, 36),
        (nn.ConvTranspose2d(4, 9, 1), (1, 4, 3, 2), 6, 36),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_the_bound_is_that_of_any_number_of_axes_and_images(
    layer: nn.Module, input_shape: tuple[int, ...], places: int, weights: int
) -> None:
    (row,) = per_layer(layer, input_shape)
    assert row.memory_access == places * (4 + 9) + weights
    assert row.bound == pytest.approx(2 * places * 6 + weights)  # sqrt(4 * 9) = 6


def test_rows_come_in_call_order_and_hold_names_and_shapes() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())
    module.append(nn.Linear(8, 3))
    assert per_layer(module, (1, 1, 4, 4)) == [
        LayerCost("0", "Conv2d", 1, 72, 20, 32, 16 + 8 + 18, None, (1, 1, 4, 4), (1, 2, 2, 2)),
        LayerCost("1", "BatchNorm2d", 1, 0, 4, 0, 0, None, (1, 2, 2, 2), (1, 2, 2, 2)),
        LayerCost("4", "Linear", 1, 24, 27, 12, 8 + 3 + 24, None, (1, 8), (1, 3)),
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
    # Weights are read in each call, whoever owns them: 4 + 4 + 16 values.
    assert [(row.name, row.mult_adds, row.params, row.memory_access) for row in rows] == [
        ("first", 16, 20, 24),
        ("first", 16, 0, 24),
        ("tied", 16, 0, 24),
        ("", 0, 4, 0),
    ]
    # The unused layer costs no mult-adds, but its 20 parameters are part of the network.
    total = count(_Twice(), (1, 4))
    assert total == Complexity(mult_adds=48, params=44, activation_bytes=48, memory_access=72)
    assert total.intensity == 48 / (4 * 72)


def test_a_network_of_which_nothing_is_counted_has_no_intensity() -> None:
    assert count(nn.ReLU(), (1, 4)) == Complexity(0, 0, 0, 0)
    assert count(nn.ReLU(), (1, 4)).intensity is None


def test_a_layer_that_returns_a_tuple_has_no_output_shape() -> None:
    (row,) = per_layer(nn.LSTM(3, 2), (5, 1, 3))
    assert (row.kind, row.mult_adds, row.input_shape, row.output_shape) == (
        "LSTM",
        0,
        (5, 1, 3),
        (),
    )


def test_rows_of_a_network_add_up_to_its_count() -> None:
    module = zoo.create("shufflenet_v2_x0_5")
    rows = per_layer(module, (1, 3, 64, 64))
    total = count(module, (1, 3, 64, 64))
    assert sum(row.mult_adds for row in rows) == total.mult_adds
    assert sum(row.params for row in rows) == total.params == 1_366_792
    assert sum(row.memory_access for row in rows) == total.memory_access
    assert sum(row.activation_bytes for row in rows) == total.activation_bytes
    assert rows[0].name == "conv1.0"
    assert rows[0].mult_adds == 24 * 32 * 32 * 27


def test_mult_adds_grow_with_the_batch() -> None:
    module = zoo.create("shufflenet_v2_x0_5")
    one, four = (count(module, (n, 3, 64, 64)) for n in (1, 4))
    assert four.mult_adds == 4 * one.mult_adds
    assert four.params == one.params
    assert four.activation_bytes == 4 * one.activation_bytes
    # Four images read the weights once.
    weights = sum(p.numel() for p in module.parameters() if p.ndim > 1)
    assert four.memory_access - weights == 4 * (one.memory_access - weights)


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
    """Bytes are those of float32 all the same."""
    assert count(nn.Linear(3, 2).double(), (1, 3)) == Complexity(6, 8, 8, 3 + 2 + 6)
