"""ReXNet against the authors' code and the figures in their repository."""

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
from _edgeship.models.networks.rexnet import ReXNet, channels, lite_channels
from tests.models.construct import construct, on_meta

STATE_DICTS = Path(__file__).parent / "state_dicts"

# Read off the modules that the authors' code builds: output channels of the stem and the 16
# blocks, then of the last convolution, and the number of parameters.
AUTHORS = {
    "rexnet_x0_9": (
        [32, 16, 26, 36, 46, 56, 67, 77, 87, 97, 107, 117, 127, 138, 148, 158, 168],
        1152,
        4_091_257,
    ),
    "rexnet_x1_0": (
        [32, 16, 27, 38, 50, 61, 72, 84, 95, 106, 117, 128, 140, 151, 162, 174, 185],
        1280,
        4_796_873,
    ),
    "rexnet_x1_3": (
        [42, 21, 35, 50, 65, 79, 94, 109, 123, 138, 152, 167, 182, 196, 211, 226, 240],
        1664,
        7_557_091,
    ),
    "rexnet_x1_5": (
        [48, 24, 41, 58, 75, 92, 108, 125, 142, 159, 176, 193, 210, 226, 243, 260, 277],
        1920,
        9_728_593,
    ),
    "rexnet_x2_0": (
        [64, 32, 54, 77, 100, 122, 144, 167, 190, 212, 234, 257, 280, 302, 324, 347, 370],
        2560,
        16_366_620,
    ),
    "rexnet_x3_0": (
        [96, 48, 82, 116, 149, 183, 217, 250, 284, 318, 352, 386, 419, 453, 487, 520, 554],
        3840,
        34_708_792,
    ),
    "rexnet_lite_x1_0": (
        [32, 16, 32, 40, 48, 64, 72, 80, 96, 104, 112, 128, 136, 144, 160, 168, 184],
        1280,
        4_740_056,
    ),
    "rexnet_lite_x1_3": (
        [40, 24, 32, 48, 64, 80, 96, 104, 120, 136, 152, 160, 176, 192, 208, 224, 232],
        1664,
        6_747_960,
    ),
    "rexnet_lite_x1_5": (
        [48, 24, 40, 56, 72, 88, 104, 120, 136, 152, 176, 192, 208, 224, 240, 256, 272],
        1920,
        8_332_296,
    ),
    "rexnet_lite_x2_0": (
        [64, 32, 56, 80, 96, 120, 144, 160, 184, 208, 232, 248, 272, 296, 320, 336, 360],
        2560,
        12_966_200,
    ),
}

# Billions of mult-adds and millions of parameters as the repository prints them. For x2_0 it
# prints 1.5 B / 16 M and, in a second table, 1.8 B / 19 M: the latter are the figures of width
# 2.2. For x1_5 the second table repeats the row of x1_3.
PUBLISHED = {
    "rexnet_x1_0": ("0.40", "4.8"),
    "rexnet_x1_3": ("0.66", "7.6"),
    "rexnet_x1_5": ("0.88", "9.7"),
    "rexnet_x2_0": ("1.5", "16"),
    "rexnet_x3_0": ("3.4", "34"),
    "rexnet_lite_x1_0": ("0.41", "4.7"),
    "rexnet_lite_x1_3": ("0.65", "6.8"),
    "rexnet_lite_x1_5": ("0.84", "8.3"),
    "rexnet_lite_x2_0": ("1.5", "13"),
}


@pytest.mark.parametrize("name", ["rexnet_x1_0", "rexnet_lite_x1_0"])
def test_state_dict_is_the_authors(name: str) -> None:
    """The file lists each key with its shape, from the state dict of the authors' module."""
    lines = (STATE_DICTS / f"{name}.txt").read_text().splitlines()
    ours = on_meta(name).state_dict()
    assert [" ".join(map(str, (key, *value.shape))) for key, value in ours.items()] == lines


@pytest.mark.parametrize("name", AUTHORS)
def test_every_width_is_the_authors(name: str) -> None:
    widths, last, params = AUTHORS[name]
    state = on_meta(name).state_dict()
    blocks = [
        max(k for k in state if k.startswith(f"features.{i}.out.") and k.endswith("weight"))
        for i in range(3, 19)
    ]
    assert [state["features.0.weight"].shape[0], *(state[k].shape[0] for k in blocks)] == widths
    assert state["features.19.weight"].shape[:2] == (last, widths[-1])
    listed = lite_channels if "lite" in name else channels
    assert listed(zoo.spec(name).arguments["width"]) == widths
    assert sum(p.numel() for p in on_meta(name).parameters()) == params


@pytest.mark.parametrize("name", PUBLISHED)
def test_complexity_is_the_published_one(name: str) -> None:
    """To the last digit printed or, where that was rounded up (6.75 M as 6.8 M), within 1 %."""
    complexity = count(on_meta(name), (1, 3, 224, 224))
    mult_adds, params = PUBLISHED[name]
    assert _as_printed(complexity.mult_adds / 1e9, mult_adds) == mult_adds
    millions = complexity.params / 1e6
    if name == "rexnet_x3_0":
        assert str(int(millions)) == params  # 34.7 M, printed without its fraction
    else:
        rounded = _as_printed(millions, params)
        assert rounded == params or millions == pytest.approx(float(params), rel=0.01)


def test_the_contradicting_row_of_width_2_is_that_of_width_2_2() -> None:
    with torch.device("meta"):
        network = ReXNet(width=2.2)
    complexity = count(network, (1, 3, 224, 224))
    assert _as_printed(complexity.mult_adds / 1e9, "1.8") == "1.8"
    assert _as_printed(complexity.params / 1e6, "19") == "19"


def _as_printed(value: float, published: str) -> str:
    """Format with as many decimals as the published figure has."""
    return f"{value:.{len(published.partition('.')[2])}f}"


def test_complexity_of_the_plain_network() -> None:
    """No published figure is at hand: multiply-accumulates summed by hand, layer by layer."""
    widths = [32, 96, 144, 192, 240, 288, 336, 384, 432, 480, 528, 576, 624, 1024]
    sides = [56, 56, 28, 28, 14, 14, 14, 14, 14, 14, 7, 7, 7]
    expected = 112**2 * 27 * 32 + 7**2 * 1024 * 1280 + 1280 * 1000
    for before, after, side in zip(widths, widths[1:], sides, strict=False):
        expected += side**2 * (9 * before + before * after)
    assert count(on_meta("rexnet_plain"), (1, 3, 224, 224)).mult_adds == expected


def _conv_norm(
    state: Mapping[str, Tensor], prefix: str, index: int, x: Tensor, **kw: Any
) -> Tensor:
    y = functional.conv2d(x, state[f"{prefix}.{index}.weight"], **kw)
    gamma, beta, mean, var = (
        state[f"{prefix}.{index + 1}.{name}"].reshape(-1, 1, 1)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    return (y - mean) / (var + 1e-5).sqrt() * gamma + beta


def _reference(state: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Compute x1_0 from its state dict with torch's functions, adding in place as published."""

    def silu(x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)

    x = silu(_conv_norm(state, "features", 0, x, stride=2, padding=1))
    for block in range(16):
        prefix = f"features.{block + 3}.out"
        wide = x if block == 0 else silu(_conv_norm(state, prefix, 0, x))
        index = 0 if block == 0 else 3
        y = _conv_norm(
            state,
            prefix,
            index,
            wide,
            stride=2 if block in (1, 3, 5, 11) else 1,
            padding=1,
            groups=wide.shape[1],
        )
        index += 2
        if block >= 3:
            fc = f"{prefix}.{index}.fc"
            mean = y.mean((2, 3), keepdim=True)
            # A bias before a batch norm moves its mean.
            shifted = dict(state)
            shifted[f"{fc}.1.running_mean"] = state[f"{fc}.1.running_mean"] - state[f"{fc}.0.bias"]
            hidden = _conv_norm(shifted, fc, 0, mean).clamp(min=0)
            gate = functional.conv2d(hidden, state[f"{fc}.3.weight"], state[f"{fc}.3.bias"])
            y = y * torch.sigmoid(gate)
            index += 1
        y = _conv_norm(state, prefix, index + 1, y.clamp(0, 6))
        if block not in (0, 1, 3, 5, 11):
            y[:, : x.shape[1]] += x
        x = y
    x = silu(_conv_norm(state, "features", 19, x)).mean((2, 3))
    return x @ state["output.1.weight"].flatten(1).T + state["output.1.bias"]


def test_forward_computes_the_published_network() -> None:
    """In double precision: squeeze-excite with random weights amplifies rounding errors."""
    module = zoo.create("rexnet_x1_0").double()
    noise = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 96, 75, generator=noise, dtype=torch.float64)
    with torch.no_grad():
        scores, expected = module(x), _reference(module.state_dict(), x)
    torch.testing.assert_close(scores, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["rexnet_x0_9", "rexnet_plain", "rexnet_lite_x1_0"])
@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 1, (64, 96)), (3, 4, (33, 65)), (1, 3, (1, 1))]
)
def test_forward_shapes(
    name: str, num_classes: int, in_channels: int, size: tuple[int, int]
) -> None:
    module = construct(name, num_classes=num_classes, in_channels=in_channels)
    with torch.no_grad():
        scores = module(torch.zeros(2, in_channels, *size))
    assert scores.shape == (2, num_classes)
    assert scores.isfinite().all()


@pytest.mark.parametrize("name", ["rexnet_x1_0", "rexnet_lite_x1_0"])
@pytest.mark.parametrize("width", [0, -1.0, 8.5, "1.0", None, True, float("nan")])
def test_a_bad_width_is_named(name: str, width: object) -> None:
    with pytest.raises(InputError, match="ReXNet has no width"):
        zoo.create(name, width=width)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rexnet_x0_9", "rexnet_lite_x1_0"])
def test_it_exports_and_verifies(name: str, tmp_path: Path) -> None:
    result = export(Request(name, schemes=("none", "int8"), shapes=((1, 3, 64, 64),), out=tmp_path))
    assert sum(file.suffix == ".tflite" for file in result.files) == 2
