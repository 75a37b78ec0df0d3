"""Which operators of small programs are known to leave the Neural Engine."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.coreml.evaluator.mil.program import Operation, Variable
from _edgeship.export.coreml.neural_engine import departures
from tests.export.coreml.programs import constant, operation, program, tensor


def reasons(*operations: Operation, image: Variable | None = None) -> list[tuple[str, ...]]:
    found = departures(program(*operations, image=image))
    return [(*departure.operators, departure.reason) for departure in found]


def conv(dilation: int = 1, rank: int = 4) -> tuple[Operation, ...]:
    return (
        constant("dilations", [dilation] * (rank - 2)),
        operation(
            "conv",
            tensor("y", *[1] * rank),
            x=("image",),
            dilations=("dilations",),
        ),
    )


def test_a_plain_convolution_stays() -> None:
    assert reasons(*conv()) == []


@pytest.mark.parametrize(
    ("operations", "word"),
    [
        (conv(dilation=2), "dilated"),
        (conv(rank=5), "3-D"),
        ([operation("relu", tensor("y", 1, dtype="fp32"), x=("image",))], "float32"),
        ([operation("cast", tensor("y", 1, dtype="int32"), x=("image",))], "int32"),
        ([operation("lstm", tensor("y", 1), x=("image",))], "recurrent"),
        ([operation("one_hot", tensor("y", 1), x=("image",))], "no Neural Engine has it"),
        ([operation("gather", tensor("y", 1), x=("image",))], "on M1 only"),
        ([operation("topk", tensor("y", 1), x=("image",))], "not on M1"),
        ([operation("sin", tensor("y", 1), x=("image",))], "not on M1 and M2"),
        ([operation("crop_resize", tensor("y", 1), x=("image",))], "not on M1"),
    ],
)
def test_known_departures(operations: list[Operation], word: str) -> None:
    [(kind, reason)] = reasons(*operations)
    assert kind == operations[-1].kind
    assert word in reason


@pytest.mark.parametrize(
    ("kernel", "stride", "count"),
    [(2, 2, 0), (13, 1, 0), (14, 1, 1), (3, 3, 1), (29, 1, 1), (30, 1, 2)],
)
def test_pools_by_their_windows(kernel: int, stride: int, count: int) -> None:
    pool = operation(
        "avg_pool",
        tensor("y", 1, 3, 1, 1),
        x=("image",),
        kernel_sizes=("kernel",),
        strides=np.array([stride, stride]),
    )
    assert len(reasons(constant("kernel", [kernel, kernel]), pool)) == count


@pytest.mark.parametrize(("height", "count"), [(8, 0), (16, 0), (17, 1), (32, 1)])
def test_enlarging_by_more_than_two(height: int, count: int) -> None:
    larger = tensor("y", 1, 3, height, 16)
    assert len(reasons(operation("resize_bilinear", larger, x=("image",)))) == count


def test_casts_at_the_edges_compute_nothing_in_float32() -> None:
    image = tensor("image", 1, 3, 8, 8, dtype="fp32")
    inside = operation("relu", tensor("a", 1, 3, 8, 8), x=("image",))
    edge = operation("cast", tensor("y", 1, 3, 8, 8, dtype="fp32"), x=("a",))
    assert reasons(inside, edge, image=image) == []


def test_every_departure_names_its_source() -> None:
    from _edgeship.export.coreml.neural_engine import _RULES

    assert all(rule.source.startswith("https://") and rule.reason for rule in _RULES)
