"""EffNet against its paper's block, computed with torch's functions only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from _edgeship.errors import InputError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.models import zoo
from _edgeship.models.complexity import count
from tests.models.construct import construct, on_meta


def _post(state: Mapping[str, Tensor], prefix: str, x: Tensor) -> Tensor:
    """LeakyReLU(0.3), then the batch norm."""
    x = torch.where(x > 0, x, 0.3 * x)
    gamma, beta, mean, var = (
        state[f"{prefix}.{name}"].reshape(-1, 1, 1)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (var + 1e-5).sqrt() * gamma + beta


def _reference(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Compute the map that the three blocks give the classifier."""
    for block in range(3):
        p = f"blocks.{block}"
        groups = state[f"{p}.0.weight"].shape[0]
        x = _post(state, f"{p}.2", functional.conv2d(x, state[f"{p}.0.weight"]))
        x = functional.conv2d(x, state[f"{p}.3.weight"], padding=(0, 1), groups=groups)
        x = _post(state, f"{p}.5", x)
        x = torch.maximum(x[:, :, 0:-1:2], x[:, :, 1::2])
        x = functional.conv2d(x, state[f"{p}.7.weight"], padding=(1, 0), groups=groups)
        x = _post(state, f"{p}.9", x)
        w = state[f"{p}.10.weight"]
        left, right = x[..., 0:-1:2], x[..., 1::2]
        x = functional.conv2d(left, w[..., :1]) + functional.conv2d(right, w[..., 1:])
        x = _post(state, f"{p}.12", x)
    return x


def _classify(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    return x.flatten(1) @ state["linear.weight"].T + state["linear.bias"]


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def effnet() -> nn.Module:
    return zoo.create("effnet", num_classes=10)


def test_forward_computes_the_papers_network_at_32x32(effnet: nn.Module) -> None:
    x, state = _random(2, 3, 32, 32), effnet.state_dict()
    with torch.no_grad():
        scores, features = effnet(x), _reference(state, x)
    assert features.shape == (2, 256, 4, 4)
    torch.testing.assert_close(scores, _classify(state, features), rtol=1e-4, atol=1e-4)


def test_a_multiple_of_the_size_is_averaged_as_adaptive_pooling_does(effnet: nn.Module) -> None:
    x, state = _random(2, 3, 96, 64), effnet.state_dict()
    with torch.no_grad():
        features = functional.adaptive_avg_pool2d(_reference(state, x), 4)
        torch.testing.assert_close(effnet(x), _classify(state, features), rtol=1e-4, atol=1e-4)


def test_a_smaller_input_repeats_the_nearest_values(effnet: nn.Module) -> None:
    x, state = _random(2, 3, 28, 16), effnet.state_dict()
    with torch.no_grad():
        features = _reference(state, x)
        assert features.shape[2:] == (3, 2)
        features = features[:, :, [0, 0, 1, 2]][..., [0, 0, 1, 1]]
        torch.testing.assert_close(effnet(x), _classify(state, features), rtol=1e-4, atol=1e-4)


def test_complexity_is_the_sum_over_the_papers_layers() -> None:
    """The paper's figures could not be checked, so none is compared."""
    mult_adds, params, before = 0, 0, 3
    for wide, after, side in [(32, 64, 32), (64, 128, 16), (128, 256, 8)]:
        mult_adds += side * side * (before * wide + 3 * wide)
        mult_adds += side * side // 2 * 3 * wide + (side // 2) ** 2 * 2 * wide * after
        params += before * wide + 6 * wide + 2 * wide * after + 2 * (3 * wide + after)
        before = after
    complexity = count(on_meta("effnet"), (1, 3, 32, 32))
    assert complexity.mult_adds == mult_adds + 4096 * 10 == 5_640_192
    assert complexity.params == params + 4097 * 10 == 151_146


def test_large_costs_seven_times_as_much() -> None:
    small, large = (
        count(on_meta(name), (1, 3, 32, 32)).mult_adds for name in ("effnet", "effnet_large")
    )
    assert large / small == pytest.approx(7, rel=0.03)


def test_batch_norms_move_slowly() -> None:
    norms = [m for m in on_meta("effnet").modules() if isinstance(m, nn.BatchNorm2d)]
    assert [norm.momentum for norm in norms] == [0.01] * 12


@pytest.mark.parametrize("name", ["effnet", "effnet_large"])
@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"),
    [(10, 3, (32, 32)), (7, 1, (28, 28)), (2, 4, (50, 45)), (1, 3, (8, 100)), (10, 3, (224, 224))],
)
def test_forward_shapes(
    name: str, num_classes: int, in_channels: int, size: tuple[int, int]
) -> None:
    module = construct(name, num_classes=num_classes, in_channels=in_channels)
    with torch.no_grad():
        scores = module(torch.zeros(2, in_channels, *size))
    assert scores.shape == (2, num_classes)
    assert scores.isfinite().all()


def test_ten_classes_unless_told_otherwise() -> None:
    assert on_meta("effnet").state_dict()["linear.weight"].shape == (10, 4096)


@pytest.mark.parametrize(
    "arguments",
    [
        {"width": 0},
        {"width": 1.5},
        {"width": 17},
        {"repeats": (1, 1)},
        {"repeats": (1, 0, 1)},
        {"repeats": 3},
    ],
)
def test_a_bad_size_is_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="EffNet has no"):
        zoo.create("effnet", **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(32, 32), (28, 50)])
def test_it_exports_and_verifies(size: tuple[int, int], tmp_path: Path) -> None:
    result = export(
        Request("effnet", schemes=("none", "int8"), shapes=((1, 3, *size),), out=tmp_path)
    )
    assert sum(file.suffix == ".tflite" for file in result.files) == 2
