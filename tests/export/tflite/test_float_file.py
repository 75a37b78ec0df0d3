"""The float files that schemes are made from: each in the operators that its kernels like best."""

from pathlib import Path

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from torch import nn

import edgeship
from _edgeship.export.tflite.objects import kind_of
from _edgeship.export.tflite.writer import from_bytes


class _Odd(nn.Sequential):
    """58 channels, for which float32 kernels have no whole tile, and half precision has one."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(24, 58, 1), nn.ReLU(), nn.Conv2d(58, 10, 1), nn.AdaptiveAvgPool2d(1)
        )


def _outputs_of_convolutions(path: Path) -> list[int]:
    model = from_bytes(path.read_bytes())
    [graph] = model.subgraphs
    return [
        int(graph.tensors[op.outputs[0]].shape[-1])
        for op in graph.operators
        if kind_of(model, op) == schema.BuiltinOperator.CONV_2D
    ]


def test_filters_fill_tiles_in_float32_and_not_in_half_precision(tmp_path: Path) -> None:
    arrays = np.random.default_rng(0).standard_normal((4, 24, 8, 8)).astype(np.float32)
    result = edgeship.export(
        _Odd(),
        example_inputs=torch.zeros(1, 24, 8, 8),
        quant=["none", "fp16", "dynamic"],
        calib=arrays,
        out=tmp_path,
        progress=False,
    )
    outputs = [_outputs_of_convolutions(file.path) for file in result.files]
    assert outputs == [[64, 10], [58, 10], [64, 10]]
    half = result.file("tflite", "fp16")
    checked = edgeship.verify(half.path, calib=arrays)
    assert checked.ok
