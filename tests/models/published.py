"""What the tests of the networks share: counts, keys, shapes and exports."""

from pathlib import Path

import torch

from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.models import zoo
from _edgeship.models.complexity import Complexity, count
from tests.models.construct import on_meta

Shapes = dict[str, tuple[int, ...]]


def computed(name: str, **overrides: object) -> Complexity:
    """Count one image of the published size."""
    return count(on_meta(name, **overrides), (1, *zoo.spec(name).input_size))


def shapes(name: str) -> Shapes:
    """Return the keys of the state dict and the shapes behind them, in order."""
    return {key: tuple(value.shape) for key, value in on_meta(name).state_dict().items()}


def batch_norm(name: str, channels: int) -> Shapes:
    """Return the keys of a batch norm."""
    vectors = ("weight", "bias", "running_mean", "running_var")
    return {
        **{f"{name}.{vector}": (channels,) for vector in vectors},
        f"{name}.num_batches_tracked": (),
    }


def output_shape(name: str, shape: tuple[int, ...], **overrides: object) -> tuple[int, ...]:
    """Return the shape of the output for an input shape."""
    with torch.no_grad():
        return tuple(on_meta(name, **overrides)(torch.zeros(shape, device="meta")).shape)


def export_float_and_int8(
    name: str, shape: tuple[int, ...], folder: Path, calib: str | None = None
) -> None:
    """Export a network in float and int8; the export verifies each file against PyTorch."""
    request = Request(name, schemes=("none", "int8"), shapes=(shape,), calib=calib, out=folder)
    result = export(request)
    compared = {stage.stage for stage in result.stages if stage.parity is not None}
    assert compared >= {"TFLite none", "TFLite int8"}
    assert [file.name for file in result.files if file.suffix == ".tflite"] == [
        f"{name}_fp32.tflite",
        f"{name}_int8.tflite",
    ]
