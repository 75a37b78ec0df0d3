"""RepVGG-A0 against its paper, its authors' modules and itself before folding."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from _edgeship.models import zoo
from _edgeship.models.complexity import count
from _edgeship.models.networks.repvgg import RepVGGA0, RepVGGBlock
from tests.models.construct import on_meta
from tests.models.published import (
    Shapes,
    batch_norm,
    computed,
    export_float_and_int8,
    output_shape,
    shapes,
)

# Output channels and stride of the 22 blocks, by the names in the authors' repository.
BLOCKS = {"stage0": (48, 2)}
for _stage, _channels, _blocks in (("1", 48, 2), ("2", 96, 4), ("3", 192, 14), ("4", 1280, 1)):
    BLOCKS |= {f"stage{_stage}.{i}": (_channels, 1 if i else 2) for i in range(_blocks)}


def _blocks(make: Callable[[str, int, int, int], Shapes]) -> Shapes:
    """Return the keys of all blocks, each made from name, channels in and out, and stride."""
    keys: Shapes = {}
    before = 3
    for name, (after, stride) in BLOCKS.items():
        keys |= make(name, before, after, stride)
        before = after
    return keys | {"linear.weight": (1000, 1280), "linear.bias": (1000,)}


def _trained(name: str, before: int, after: int, stride: int) -> Shapes:
    keys = batch_norm(f"{name}.rbr_identity", after) if (stride, before) == (1, after) else {}
    keys |= {f"{name}.rbr_dense.conv.weight": (after, before, 3, 3)}
    keys |= batch_norm(f"{name}.rbr_dense.bn", after)
    keys |= {f"{name}.rbr_1x1.conv.weight": (after, before, 1, 1)}
    return keys | batch_norm(f"{name}.rbr_1x1.bn", after)


def _deployed(name: str, before: int, after: int, stride: int) -> Shapes:
    convolution = f"{name}.rbr_reparam"
    return {f"{convolution}.weight": (after, before, 3, 3), f"{convolution}.bias": (after,)}


def test_state_dicts_are_the_authors() -> None:
    assert list(shapes("repvgg_a0").items()) == list(_blocks(_trained).items())
    assert list(shapes("repvgg_a0_deployed").items()) == list(_blocks(_deployed).items())


def test_complexity_is_the_published_one() -> None:
    """Table 4 counts the deployed network: 8.30 million parameters, 1.4 billion mult-adds."""
    entry, complexity = zoo.spec("repvgg_a0_deployed"), computed("repvgg_a0_deployed")
    assert (entry.params, entry.mult_adds) == (8.30e6, 1.4e9)
    assert complexity.params / 1e6 == pytest.approx(8.30, rel=0.01)
    assert round(complexity.mult_adds / 1e9, 1) == 1.4
    assert computed("repvgg_a0").params / 1e6 == pytest.approx(9.11, abs=0.005)


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    return zoo.create("repvgg_a0", num_classes=10)


def test_reparameterizing_is_exact(trained: nn.Module) -> None:
    """In double precision, so that a wrong fold cannot hide behind rounding."""
    network = RepVGGA0(num_classes=10).double().eval()
    network.load_state_dict(trained.state_dict())
    x = torch.randn(2, 3, 45, 33, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        before = network(x)
        assert network.reparameterize() is network
        after = network(x)
        again = network.reparameterize()(x)
    assert before.std() > 0.1
    torch.testing.assert_close(after, before, rtol=1e-12, atol=1e-12)
    assert torch.equal(again, after)


def test_a_reparameterized_network_loads_into_a_deployed_one(trained: nn.Module) -> None:
    network = RepVGGA0(num_classes=10).eval()
    network.load_state_dict(trained.state_dict())
    deployed = RepVGGA0(deployed=True, num_classes=10).eval()
    deployed.load_state_dict(network.reparameterize().state_dict())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(deployed(x), network(x))
        torch.testing.assert_close(deployed(x), trained(x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("stride", "channels"), [(1, 4), (2, 4), (1, 6), (2, 6)])
def test_a_block_has_an_identity_only_where_the_shape_stays(stride: int, channels: int) -> None:
    block = RepVGGBlock(4, channels, stride)
    assert (block.rbr_identity is not None) == (stride == 1 and channels == 4)
    assert block(torch.zeros(2, 4, 9, 8)).shape == (2, channels, -(-9 // stride), 8 // stride)


def test_folding_saves_the_1x1_branches() -> None:
    saved = computed("repvgg_a0").mult_adds - computed("repvgg_a0_deployed").mult_adds
    network = on_meta("repvgg_a0").reparameterize()
    assert count(network, (1, 3, 224, 224)).mult_adds == computed("repvgg_a0_deployed").mult_adds
    linear = 1280 * 1000
    assert saved * 9 == computed("repvgg_a0_deployed").mult_adds - linear


@pytest.mark.parametrize("name", ["repvgg_a0", "repvgg_a0_deployed"])
@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (1, 1))]
)
def test_forward_shapes(
    name: str, num_classes: int, in_channels: int, size: tuple[int, int]
) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    assert output_shape(name, (2, in_channels, *size), **arguments) == (2, num_classes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["repvgg_a0", "repvgg_a0_deployed"])
def test_export(name: str, tmp_path: Path) -> None:
    export_float_and_int8(name, (1, 3, 64, 64), tmp_path)
