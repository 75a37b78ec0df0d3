"""ResNet-50 and SE-ResNet-50 against their papers and torchvision's published module."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError
from _edgeship.models import zoo
from tests.models.construct import on_meta
from tests.models.published import (
    Shapes,
    batch_norm,
    computed,
    export_float_and_int8,
    output_shape,
    shapes,
)

# Table 1: stages, units and channels of a unit's first and last convolution.
STAGES = (("layer1", 3, 64, 256), ("layer2", 4, 128, 512))
STAGES += (("layer3", 6, 256, 1024), ("layer4", 3, 512, 2048))


def _torchvision_shapes() -> Shapes:
    """State-dict keys and shapes of torchvision's resnet50, in its order."""
    keys: Shapes = {"conv1.weight": (64, 3, 7, 7), **batch_norm("bn1", 64)}
    before = 64
    for stage, units, hidden, after in STAGES:
        for unit in range(units):
            name = f"{stage}.{unit}"
            keys |= {f"{name}.conv1.weight": (hidden, before, 1, 1)}
            keys |= batch_norm(f"{name}.bn1", hidden)
            keys |= {f"{name}.conv2.weight": (hidden, hidden, 3, 3)}
            keys |= batch_norm(f"{name}.bn2", hidden)
            keys |= {f"{name}.conv3.weight": (after, hidden, 1, 1)}
            keys |= batch_norm(f"{name}.bn3", after)
            if unit == 0:
                keys |= {f"{name}.downsample.0.weight": (after, before, 1, 1)}
                keys |= batch_norm(f"{name}.downsample.1", after)
            before = after
    return keys | {"fc.weight": (1000, 2048), "fc.bias": (1000,)}


def test_state_dict_is_torchvisions() -> None:
    assert list(shapes("resnet_50").items()) == list(_torchvision_shapes().items())
    assert computed("resnet_50").params == 25_557_032


def test_complexity_is_torchvisions() -> None:
    """Torchvision publishes 4.089 billion mult-adds beside its weights."""
    assert computed("resnet_50").mult_adds / 1e9 == pytest.approx(4.089, abs=0.0005)


def test_complexity_is_the_papers_with_the_stride_at_the_first_convolution() -> None:
    """The ResNet paper prints 3.8 billion mult-adds, the SENet paper 3.86 for the same network."""
    assert zoo.spec("resnet_50").mult_adds == 3.8e9
    assert computed("resnet_50", stride_at="1x1").mult_adds / 1e9 == pytest.approx(3.86, abs=0.005)


def test_se_resnet_50_is_the_published_one() -> None:
    """SENet paper: 3.87 billion mult-adds in Table 2, about 10 % more parameters in the text."""
    complexity = computed("se_resnet_50")
    assert zoo.spec("se_resnet_50").mult_adds == 3.87e9
    assert complexity.mult_adds / 1e9 == pytest.approx(3.87, abs=0.01)
    # Equation 5 of that paper: 2 / 16 times the squared channels of each unit, and the biases.
    weights = sum(2 * units * after**2 // 16 for _, units, _, after in STAGES)
    biases = sum(units * (after // 16 + after) for _, units, _, after in STAGES)
    assert complexity.params == 25_557_032 + weights + biases
    assert complexity.params / 1e6 == pytest.approx(28.1, abs=0.05)


@pytest.mark.parametrize("name", ["resnet_50", "se_resnet_50"])
def test_the_image_shrinks_where_it_should(name: str) -> None:
    unit = on_meta(name).layer2[0]
    strides = [conv.stride[0] for conv in (unit.conv1, unit.conv2, unit.conv3, unit.downsample[0])]
    assert strides == ([1, 2, 1, 2] if name == "resnet_50" else [2, 1, 1, 2])


@pytest.mark.slow
def test_a_unit_excites_its_residual_before_it_adds_the_shortcut() -> None:
    unit = zoo.create("se_resnet_50", num_classes=2).layer1[1]
    x = torch.randn(1, 256, 6, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        y = functional.relu(unit.bn1(unit.conv1(x)))
        y = functional.relu(unit.bn2(unit.conv2(y)))
        y = unit.bn3(unit.conv3(y))
        scale = functional.relu(unit.se.fc[0](y.mean((2, 3), keepdim=True)))
        expected = functional.relu(x + y * unit.se.fc[2](scale).sigmoid())
        torch.testing.assert_close(unit(x), expected)


@pytest.mark.parametrize("name", ["resnet_50", "se_resnet_50"])
@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (3, 3))]
)
def test_forward_shapes(
    name: str, num_classes: int, in_channels: int, size: tuple[int, int]
) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    assert output_shape(name, (2, in_channels, *size), **arguments) == (2, num_classes)


def test_another_place_for_the_stride_is_refused() -> None:
    with pytest.raises(InputError, match="stride at '7x7'"):
        zoo.create("resnet_50", stride_at="7x7")


@pytest.mark.slow
def test_export(tmp_path: Path) -> None:
    # It has all layers of resnet_50, and its squeeze-and-excite between them.
    export_float_and_int8("se_resnet_50", (1, 3, 64, 64), tmp_path)
