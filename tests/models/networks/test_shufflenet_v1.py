"""ShuffleNet V1 against the figures of its paper and of the authors' repository."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from _edgeship.errors import InputError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.models import zoo
from _edgeship.models.complexity import count
from tests.models.construct import construct, on_meta

# Tables 1 and 5 of the paper, millions of mult-adds.
PAPER = {
    "g1_x1_0": 143,
    "g2_x1_0": 140,
    "g3_x1_0": 137,
    "g4_x1_0": 133,
    "g8_x1_0": 137,
    "g3_x1_5": 292,
    "g3_x2_0": 524,
}
# The authors' repository: millions of mult-adds and of parameters.
REPOSITORY = {
    "g3_x0_5": (38, 0.7),
    "g3_x1_0": (138, 1.9),
    "g3_x1_5": (292, 3.4),
    "g3_x2_0": (524, 5.4),
    "g8_x0_5": (40, 1.0),
    "g8_x1_0": (138, 2.4),
    "g8_x1_5": (290, 4.3),
    "g8_x2_0": (522, 6.5),
}
GROUPS = (1, 2, 3, 4, 8)


def _complexity(version: str) -> tuple[float, float]:
    complexity = count(on_meta(f"shufflenet_v1_{version}"), (1, 3, 224, 224))
    return complexity.mult_adds / 1e6, complexity.params / 1e6


@pytest.mark.parametrize("version", PAPER)
def test_complexity_is_the_papers(version: str) -> None:
    """Within 1 %, but g4 and g8 at width 1 are 1.01 % above.

    The paper gives no reason; its five figures at width 1 are all below ours, by 0.1 to 1.4 M. The
    repository's figure for g8 is ours.
    """
    mult_adds, _ = _complexity(version)
    tolerance = 0.0101 if version in ("g4_x1_0", "g8_x1_0") else 0.01
    assert mult_adds == pytest.approx(PAPER[version], rel=tolerance)


@pytest.mark.parametrize("version", REPOSITORY)
def test_complexity_is_the_repositorys(version: str) -> None:
    """Within 1 % or half of the last digit printed."""
    for computed, published, digit in zip(
        _complexity(version), REPOSITORY[version], (1, 0.1), strict=True
    ):
        assert abs(computed - published) <= max(0.01 * published, digit / 2)


@pytest.mark.parametrize("groups", GROUPS)
def test_narrow_networks_have_about_the_complexity_of_their_row(groups: int) -> None:
    """Table 2 gives one figure for five networks: 38 M at width 0.5 and 13 M at 0.25.

    Each is within 0.6 M of it, but those of 8 groups: they need another width of conv1, and their
    repository counts 40 M at 0.5.
    """
    half, _ = _complexity(f"g{groups}_x0_5")
    quarter, _ = _complexity(f"g{groups}_x0_25")
    if groups == 8:
        assert (round(half), round(quarter)) == (40, 12)
    else:
        assert half == pytest.approx(38, abs=0.6)
        assert quarter == pytest.approx(13, abs=0.5)


def test_complexity_of_50_layers() -> None:
    module = on_meta("shufflenet_v1_50")
    assert count(module, (1, 3, 224, 224)).mult_adds == pytest.approx(2.3e9, rel=0.01)
    convolutions = [k for k, v in module.state_dict().items() if v.ndim == 4]
    assert len(convolutions) + 1 == 50


def _conv_norm(
    state: Mapping[str, Tensor], prefix: str, index: int, x: Tensor, **kw: Any
) -> Tensor:
    weight = state[f"{prefix}.{index}.weight"]
    x = functional.conv2d(x, weight, groups=x.shape[1] // weight.shape[1], **kw)
    gamma, beta, mean, var = (
        state[f"{prefix}.{index + 1}.{name}"].reshape(-1, 1, 1)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (var + 1e-5).sqrt() * gamma + beta


def _reference(state: Mapping[str, Tensor], x: Tensor, groups: int) -> Tensor:
    """Compute the network from its state dict with torch's functions only."""
    x = _conv_norm(state, "conv1", 0, x, stride=2, padding=1).clamp(min=0)
    x = functional.max_pool2d(x, 3, 2, 1)
    for stage, units in {"stage2": 4, "stage3": 8, "stage4": 4}.items():
        for unit in range(units):
            name, stride = f"{stage}.{unit}", 1 if unit else 2
            y = _conv_norm(state, f"{name}.compress", 0, x).clamp(min=0)
            # The shuffle: the first channel of each group, then the second of each, ...
            per_group = y.shape[1] // groups
            order = [g * per_group + i for i in range(per_group) for g in range(groups)]
            y = _conv_norm(state, f"{name}.expand", 0, y[:, order], stride=stride, padding=1)
            y = _conv_norm(state, f"{name}.expand", 2, y)
            x = x + y if unit else torch.cat((functional.avg_pool2d(x, 3, 2, 1), y), 1)
            x = x.clamp(min=0)
    return x.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize("groups", GROUPS)
def test_forward_computes_the_papers_network(groups: int) -> None:
    module = zoo.create(f"shufflenet_v1_g{groups}_x0_25")
    x = torch.randn(2, 3, 64, 75, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores, expected = module(x), _reference(module.state_dict(), x, groups)
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("groups", "stages"),
    [
        (1, (144, 288, 576)),
        (2, (200, 400, 800)),
        (3, (240, 480, 960)),
        (4, (272, 544, 1088)),
        (8, (384, 768, 1536)),
    ],
)
def test_layers_are_those_of_table_1(groups: int, stages: tuple[int, ...]) -> None:
    state = on_meta(f"shufflenet_v1_g{groups}_x1_0").state_dict()
    assert state["conv1.0.weight"].shape == (24, 3, 3, 3)
    before = 24
    for number, after in enumerate(stages, start=2):
        first = state[f"stage{number}.0.compress.0.weight"]
        assert first.shape == (after // 4, before // (1 if number == 2 else groups), 1, 1)
        grown = state[f"stage{number}.0.expand.2.weight"]
        assert grown.shape == (after - before, after // 4 // groups, 1, 1)
        assert state[f"stage{number}.1.expand.2.weight"].shape[0] == after
        before = after
    assert state["fc.weight"].shape == (1000, before)


@pytest.mark.parametrize("name", ["g3_x0_25", "g8_x0_25", "g4_x0_5"])
@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 1, (96, 64)), (2, 4, (33, 65)), (1, 3, (1, 1))]
)
def test_forward_shapes(
    name: str, num_classes: int, in_channels: int, size: tuple[int, int]
) -> None:
    module = construct(f"shufflenet_v1_{name}", num_classes=num_classes, in_channels=in_channels)
    with torch.no_grad():
        scores = module(torch.zeros(2, in_channels, *size))
    assert scores.shape == (2, num_classes)
    assert scores.isfinite().all()


def test_the_first_stage_of_50_layers_keeps_the_resolution() -> None:
    module = construct("shufflenet_v1_50", num_classes=7, in_channels=1)
    sides: list[int] = []
    for stage in module.get_submodule("stages").children():
        stage.register_forward_hook(lambda _m, _i, out: sides.append(out.shape[-1]))
    with torch.no_grad():
        assert module(torch.zeros(1, 1, 64, 64)).shape == (1, 7)
    assert sides == [16, 8, 4, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": 5}, "no version with 5 groups"),
        ({"groups": True}, "no version with True groups"),
        ({"groups": [3]}, "no version with"),
        ({"width": 0.75}, "no width 0.75"),
        ({"width": "1.0"}, "no width '1.0'"),
    ],
)
def test_a_bad_argument_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        zoo.create("shufflenet_v1_g3_x1_0", **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [3, 8])
def test_it_exports_and_verifies(groups: int, tmp_path: Path) -> None:
    name = f"shufflenet_v1_g{groups}_x0_25"
    result = export(Request(name, schemes=("none", "int8"), shapes=((1, 3, 64, 64),), out=tmp_path))
    assert sum(file.suffix == ".tflite" for file in result.files) == 2
