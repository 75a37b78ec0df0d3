"""SENet-154 against the figures published of it."""

from pathlib import Path

import pytest

import models
from export.errors import UnsupportedError
from export.pipeline import Request, export
from tests.models.construct import on_meta
from tests.models.published import computed, output_shape


def test_complexity_is_the_published_one() -> None:
    """Mult-adds: ShuffleNet V2 paper, Table 6; parameters: the authors' checkpoint for PyTorch."""
    complexity = computed("senet_154")
    assert models.spec("senet_154").mult_adds == 20.7e9
    assert complexity.mult_adds / 20.7e9 == pytest.approx(1, rel=0.01)
    assert complexity.params == 115_088_984


def test_it_has_154_layers() -> None:
    network = on_meta("senet_154")
    convolutions = 3 + sum(3 for stage in network.stages for _ in stage)
    # The two of each squeeze-and-excitation and the projections are not counted.
    assert convolutions + 1 == 154


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (1, 1))]
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    assert output_shape("senet_154", (2, in_channels, *size), **arguments) == (2, num_classes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme",
    [
        "none",
        pytest.param(
            "int8",
            marks=pytest.mark.xfail(
                raises=UnsupportedError,
                strict=True,
                reason="litert-quantizer 0.11 fails on convolution weights above 32 MiB, "
                "which the 3x3 projection of the last stage has",
            ),
        ),
    ],
)
def test_export(scheme: str, tmp_path: Path) -> None:
    export(Request("senet_154", schemes=(scheme,), shapes=((1, 3, 64, 64),), out=tmp_path))
    assert len(list(tmp_path.glob("*.tflite"))) == 1
