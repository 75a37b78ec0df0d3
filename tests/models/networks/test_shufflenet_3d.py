"""The video versions of ShuffleNet V1 and V2, against counts by hand and torch's functions."""

from collections.abc import Iterator, Mapping
from typing import Any

import onnx_ir as ir
import onnxruntime
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from _edgeship.errors import InputError
from _edgeship.export import passes
from _edgeship.export.network.capture import capture_module
from _edgeship.export.preparation.prepare import prepare_captured
from _edgeship.export.simplify import simplify
from _edgeship.models import zoo
from _edgeship.models.networks.shufflenet_v1 import ShuffleNetV1
from _edgeship.models.networks.shufflenet_v2 import ShuffleNetV2
from tests.models.construct import construct, on_meta
from tests.models.published import computed, shapes

pytestmark = pytest.mark.slow

WIDTHS = ("x0_25", "x0_5", "x1_0", "x1_5", "x2_0")
V1 = [f"shufflenet_v1_3d_g{groups}_{width}" for groups in (1, 2, 3, 4, 8) for width in WIDTHS]
V2 = [f"shufflenet_v2_3d_{width}" for width in WIDTHS]
CLASSES = 600

# Table 5 of arXiv 1807.11164, and what torchvision publishes as "num_params" for 1000 classes.
V2_CHANNELS = {
    "x0_25": (24, 32, 64, 128, 1024),
    "x0_5": (24, 48, 96, 192, 1024),
    "x1_0": (24, 116, 232, 464, 1024),
    "x1_5": (24, 176, 352, 704, 1024),
    "x2_0": (24, 244, 488, 976, 2048),
}
TORCHVISION_PARAMS = {"x0_5": 1_366_792, "x1_0": 2_278_604, "x1_5": 3_503_624, "x2_0": 7_393_996}
# conv1 and the stages, Table 1 of arXiv 1707.01083.
V1_CHANNELS = {
    "g1_x1_0": (24, 144, 288, 576),
    "g2_x1_0": (24, 200, 400, 800),
    "g3_x0_5": (12, 120, 240, 480),
    "g3_x1_0": (24, 240, 480, 960),
    "g3_x2_0": (48, 480, 960, 1920),
    "g4_x1_0": (24, 272, 544, 1088),
    "g8_x1_0": (24, 384, 768, 1536),
}
UNITS = (4, 8, 4)

# Frames, height and width behind each layer, for 16 frames of 112x112.
SIDES = {
    "conv1": (16, 56, 56),
    "maxpool": (8, 28, 28),
    "stage2": (4, 14, 14),
    "stage3": (2, 7, 7),
    "stage4": (1, 4, 4),
}
# The same as numbers of places.
CONV1 = 16 * 56 * 56
STAGES = (8 * 28 * 28, 4 * 14 * 14, 2 * 7 * 7, 1 * 4 * 4)


def test_the_catalog_has_every_width_and_number_of_groups() -> None:
    assert zoo.names("shufflenet_*_3d_*") == sorted(V1 + V2)
    for name in V1 + V2:
        assert zoo.spec(name).input_size == (3, 16, 112, 112)


@pytest.mark.parametrize("name", V1 + V2)
def test_the_layers_are_those_of_the_2d_network_with_one_more_kernel_axis(name: str) -> None:
    """The keys are the same, so what is known of the 2-D network's structure holds here too."""
    expected = {}
    for key, shape in shapes(name.replace("_3d", "")).items():
        kernel = shape[-1:] if len(shape) == 4 else ()
        expected[key] = (*shape, *kernel)
    classifier = {"fc.weight": (CLASSES, expected["fc.weight"][1]), "fc.bias": (CLASSES,)}
    assert list(shapes(name).items()) == list((expected | classifier).items())


@pytest.mark.parametrize("name", ["shufflenet_v1_3d_g3_x0_25", "shufflenet_v2_3d_x0_25"])
def test_sides_of_each_layer(name: str) -> None:
    network = on_meta(name)
    seen: dict[str, tuple[int, ...]] = {}
    for layer in SIDES:
        network.get_submodule(layer).register_forward_hook(
            lambda _module, _inputs, output, layer=layer: seen.update({layer: output.shape[2:]})
        )
    scores = network(torch.zeros(2, 3, 16, 112, 112, device="meta"))
    assert seen == SIDES
    assert scores.shape == (2, CLASSES)


@pytest.mark.parametrize("width", TORCHVISION_PARAMS)
def test_parameters_of_v2_are_torchvisions_and_two_more_kernel_planes(width: str) -> None:
    conv1, *stages, conv5 = V2_CHANNELS[width]
    depthwise = sum(
        before + units * after // 2
        for before, after, units in zip((conv1, *stages), stages, UNITS, strict=False)
    )
    planes = 2 * 9 * (3 * conv1 + depthwise)
    fewer_classes = (1000 - CLASSES) * (conv5 + 1)
    expected = TORCHVISION_PARAMS[width] + planes - fewer_classes
    assert computed(f"shufflenet_v2_3d_{width}").params == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_mult_adds_of_v2(width: str) -> None:
    """By hand: output places, times kernel volume, times channels read per output channel."""
    conv1, *stages, conv5 = V2_CHANNELS[width]
    expected = CONV1 * 27 * 3 * conv1
    before = conv1
    for after, units, wide, places in zip(stages, UNITS, STAGES[:-1], STAGES[1:], strict=True):
        half = after // 2
        expected += places * (27 * before + before * half)
        expected += wide * before * half + places * (27 * half + half * half)
        expected += (units - 1) * places * (half * half + 27 * half + half * half)
        before = after
    expected += STAGES[-1] * before * conv5 + conv5 * CLASSES
    assert computed(f"shufflenet_v2_3d_{width}").mult_adds == expected


@pytest.mark.parametrize("version", V1_CHANNELS)
def test_complexity_of_v1(version: str) -> None:
    """By hand, as for V2; a batch norm has two parameters a channel, a convolution no bias."""
    groups = int(version[1])
    before, *stages = V1_CHANNELS[version]
    mult_adds = CONV1 * 27 * 3 * before
    params = 27 * 3 * before + 2 * before
    for after, units, wide, places in zip(stages, UNITS, STAGES[:-1], STAGES[1:], strict=True):
        middle, grown = after // 4, after - before
        compress = before * middle // (1 if after == stages[0] else groups)
        depthwise, expand = 27 * middle, middle * grown // groups
        mult_adds += wide * compress + places * (depthwise + expand)
        params += compress + depthwise + expand + 2 * (middle + middle + grown)
        unit = 2 * after * middle // groups + depthwise
        mult_adds += (units - 1) * places * unit
        params += (units - 1) * (unit + 2 * (middle + middle + after))
        before = after
    counted = computed(f"shufflenet_v1_3d_{version}")
    assert counted.mult_adds == mult_adds + before * CLASSES
    assert counted.params == params + (before + 1) * CLASSES


def _conv_norm(
    state: Mapping[str, Tensor], prefix: str, index: int, x: Tensor, stride: Any = 1
) -> Tensor:
    weight = state[f"{prefix}.{index}.weight"]
    groups = x.shape[1] // weight.shape[1]
    x = functional.conv3d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
    gamma, beta, mean, var = (
        state[f"{prefix}.{index + 1}.{name}"].reshape(-1, 1, 1, 1)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (var + 1e-5).sqrt() * gamma + beta


def _stem(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    x = _conv_norm(state, "conv1", 0, x, (1, 2, 2)).clamp(min=0)
    return functional.max_pool3d(x, 3, 2, 1)


def _units() -> Iterator[tuple[str, int, int]]:
    """Yield the name of each unit, its index within the stage and its stride."""
    for stage, units in enumerate(UNITS, start=2):
        for unit in range(units):
            yield f"stage{stage}.{unit}", unit, 1 if unit else 2


def _scores(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    return x.mean((2, 3, 4)) @ state["fc.weight"].T + state["fc.bias"]


def _v1(state: Mapping[str, Tensor], x: Tensor, groups: int) -> Tensor:
    """Compute ShuffleNet V1 from its state dict with torch's functions only."""
    x = _stem(state, x)
    for name, unit, stride in _units():
        y = _conv_norm(state, f"{name}.compress", 0, x).clamp(min=0)
        per_group = y.shape[1] // groups
        order = [group * per_group + i for i in range(per_group) for group in range(groups)]
        y = _conv_norm(state, f"{name}.expand", 0, y[:, order], stride)
        y = _conv_norm(state, f"{name}.expand", 2, y)
        if unit:
            x = (x + y).clamp(min=0)
            continue
        # An average over 27 places, those beyond the borders being zero.
        mean = torch.full((x.shape[1], 1, 3, 3, 3), 1 / 27)
        averaged = functional.conv3d(x, mean, stride=2, padding=1, groups=x.shape[1])
        x = torch.cat((averaged, y), 1).clamp(min=0)
    return _scores(state, x)


def _v2(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Compute ShuffleNet V2 from its state dict with torch's functions only."""
    x = _stem(state, x)
    for name, unit, stride in _units():
        if unit:
            half = x.shape[1] // 2
            left, right = x[:, :half], x[:, half:]
        else:
            left = _conv_norm(state, f"{name}.branch1", 0, x, stride)
            left, right = _conv_norm(state, f"{name}.branch1", 2, left).clamp(min=0), x
        right = _conv_norm(state, f"{name}.branch2", 0, right).clamp(min=0)
        right = _conv_norm(state, f"{name}.branch2", 3, right, stride)
        right = _conv_norm(state, f"{name}.branch2", 5, right).clamp(min=0)
        # The shuffle: even positions from the left branch, odd ones from the right.
        x = torch.stack((left, right), 2).flatten(1, 2)
    return _scores(state, _conv_norm(state, "conv5", 0, x).clamp(min=0))


# With 5 frames every halving rounds up: 5, 3, 2, 1, 1.
@pytest.mark.parametrize("sides", [(16, 32, 48), (5, 33, 20)])
@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("shufflenet_v1_3d_g3_x0_25", 3),
        ("shufflenet_v1_3d_g8_x0_25", 8),
        ("shufflenet_v2_3d_x0_25", None),
    ],
)
def test_forward_computes_the_network(
    name: str, groups: int | None, sides: tuple[int, ...]
) -> None:
    network = zoo.create(name)
    x = torch.randn(2, 3, *sides, generator=torch.Generator().manual_seed(0))
    state = network.state_dict()
    with torch.no_grad():
        expected = _v2(state, x) if groups is None else _v1(state, x, groups)
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["shufflenet_v1_3d_g4_x0_5", "shufflenet_v2_3d_x0_25"])
def test_any_size_channels_and_classes(name: str) -> None:
    network = construct(name, num_classes=7, in_channels=1)
    for sides in ((1, 1, 1), (3, 17, 40), (32, 16, 16)):
        with torch.no_grad():
            scores = network(torch.zeros(2, 1, *sides))
        assert scores.shape == (2, 7)
        assert scores.isfinite().all()


@pytest.mark.parametrize("network", [ShuffleNetV1, ShuffleNetV2])
def test_dims_is_checked(network: type[ShuffleNetV1] | type[ShuffleNetV2]) -> None:
    with pytest.raises(InputError, match="no networks with dims=1"):
        network(dims=1)


@pytest.mark.parametrize(
    ("name", "absorbed", "kept"),
    [
        ("shufflenet_v1_3d_g3_x0_25", 1, {"Transpose": 15, "AveragePool": 3, "Pad": 0}),
        ("shufflenet_v2_3d_x0_25", 16, {"Transpose": 0, "Reshape": 0, "ReduceMean": 1}),
    ],
)
def test_the_onnx_graph_is_rewritten_like_that_of_the_2d_network(
    name: str, absorbed: int, kept: dict[str, int]
) -> None:
    """The shuffles of V2 are absorbed, and the zeros around V1's averages become its pads."""
    network = zoo.create(name)
    x = torch.randn(1, 3, 16, 48, 48, generator=torch.Generator().manual_seed(0))
    captured = prepare_captured(capture_module(network, [tuple(x.shape)])[0])
    graph, changes = passes.rewrite(simplify(captured))
    assert changes.get("absorb_permutations", 0) == absorbed
    operators = [node.op_type for node in graph.graph]
    assert {kind: operators.count(kind) for kind in kept} == kept
    session = onnxruntime.InferenceSession(ir.to_proto(graph).SerializeToString())
    (scores,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(scores), network(x), rtol=1e-3, atol=1e-3)
