"""The known faults of LiteRT's GPU accelerator, and what the export writes instead.

Each fault's smallest file is wrong there as plainly written, and right as the export writes it: a
fault that is gone shows as a failure of the first half, a remedy that is taken out as one of the
second.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.padded_means import convolve_padded_means
from _edgeship.export.tflite.peephole import optimize
from _edgeship.export.tflite.split_groups import split_groups
from tests.export.delegates.gpu_here import accelerator
from tests.export.tflite.on_gpu import Case, gaps
from tests.export.tflite.small_graphs import Small

#: Errors of float32 and of one step of int8 are below this, and faults above it.
RIGHT = 0.02

VALID = schema.Padding.VALID


def filters(*shape: int) -> Array:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def padded(pool: str) -> Small:
    """A border of one on two sides, and a pool of 3x3, stride 2."""
    small = Small(x=(1, 8, 8, 4))
    small.constant("border", np.array([[0, 0], [1, 0], [1, 0], [0, 0]], np.int32))
    small.op("PAD", "x border", "y", (1, 9, 9, 4), opts=options("PadOptions"))
    opts = options(
        "Pool2DOptions", padding=VALID, strideH=2, strideW=2, filterHeight=3, filterWidth=3
    )
    return small.op(pool, "y", "z", (1, 4, 4, 4), opts=opts).out("z")


def convolution(inputs: int, outputs: int, groups: int, stride: int = 1, taps: int = 1) -> Small:
    extent = 8 // stride
    small = Small(x=(1, 8, 8, inputs))
    small.constant("w", filters(outputs, taps, taps, inputs // groups))
    small.constant("b", np.zeros(outputs, np.float32))
    padding = schema.Padding.SAME
    fields = {"strideH": stride, "strideW": stride, "dilationHFactor": 1, "dilationWFactor": 1}
    opts = options("Conv2DOptions", padding=padding, **fields)
    return small.op("CONV_2D", "x w b", "y", (1, extent, extent, outputs), opts=opts).out("y")


def split(small: Small) -> None:
    split_groups(small.graph, in_8_bits=True)


def fixed(small: Small) -> None:
    optimize(small.graph)


#: Name -> the file as plainly written, its scheme, and what puts it right.
FAULTS: dict[str, tuple[Callable[[], Small], str, Callable[[Small], None]]] = {
    "mean over a border": (lambda: padded("AVERAGE_POOL_2D"), "none", fixed),
    "mean over a border, fp16": (lambda: padded("AVERAGE_POOL_2D"), "fp16", fixed),
    "strided points, int8": (lambda: convolution(32, 16, 1, stride=2), "int8", fixed),
    "1x1 groups, int8": (lambda: convolution(24, 48, 3), "int8", split),
    "1x1 groups, dynamic": (lambda: convolution(24, 48, 3), "dynamic", split),
    "groups of 2 inputs": (lambda: convolution(4, 8, 2), "none", split),
    "groups of 6 outputs": (lambda: convolution(8, 12, 2), "none", split),
    "groups of 10 inputs": (lambda: convolution(30, 60, 3), "none", split),
    "3x3 groups of 10 inputs, int8": (lambda: convolution(30, 60, 3, taps=3), "int8", split),
}


def case(small: Small, scheme: str) -> Case:
    return (
        small.data() if scheme == "none" else small.quantized(scheme),
        small.io(),
        small.samples(2),
    )


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[float | str, float | str]]:
    """Gaps of every fault as plainly written, and as the export writes it."""
    accelerator()
    plain, remedied = [], []
    for build, scheme, remedy in FAULTS.values():
        plain.append(case(build(), scheme))
        small = build()
        remedy(small)
        remedied.append(case(small, scheme))
    measured = gaps([*remedied, *plain])
    return dict(zip(FAULTS, zip(measured[len(FAULTS) :], measured, strict=False), strict=True))


@pytest.mark.parametrize("name", FAULTS)
def test_the_export_avoids_the_fault(
    name: str, found: dict[str, tuple[float | str, float | str]]
) -> None:
    plain, remedied = found[name]
    assert isinstance(plain, str) or plain > RIGHT, f"the accelerator is right by now: {plain}"
    assert isinstance(remedied, float), remedied
    assert remedied < RIGHT


def test_the_worst_of_them_ends_the_process(
    found: dict[str, tuple[float | str, float | str]],
) -> None:
    assert "was ended by the signal" in str(found["groups of 10 inputs"][0])


def test_what_the_remedies_leave_alone_is_right() -> None:
    """Whole groups of four in float, 3x3 groups in int8, strides of 3x3, and means of SAME."""
    accelerator()
    right = {
        "float groups": (convolution(24, 48, 3), "none"),
        "3x3 groups, int8": (convolution(24, 48, 3, taps=3), "int8"),
        "3x3 with a stride, int8": (convolution(32, 16, 1, stride=2, taps=3), "int8"),
    }
    for small, _ in right.values():
        before = [op.kind for op in small.graph.ops]
        optimize(small.graph)
        assert [op.kind for op in small.graph.ops] == before
    measured = gaps([case(small, scheme) for small, scheme in right.values()])
    assert all(isinstance(one, float) and one < RIGHT for one in measured), measured


def test_a_mean_without_a_border_stays_a_pool() -> None:
    small = Small(x=(1, 8, 8, 4))
    opts = options(
        "Pool2DOptions", padding=VALID, strideH=2, strideW=2, filterHeight=2, filterWidth=2
    )
    small.op("AVERAGE_POOL_2D", "x", "z", (1, 4, 4, 4), opts=opts).out("z")
    convolve_padded_means(small.graph)
    assert [op.kind for op in small.graph.ops] == ["AVERAGE_POOL_2D"]
