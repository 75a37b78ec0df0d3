from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.building.graph import TfliteGraph, options
from _edgeship.export.tflite.writer import to_bytes, to_model
from tests.export.tflite.ops.harness import check, check_both, lower_alone, node_model

X = (1, 2, 4, 6)
TRANSFORMATIONS = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
]
EXTENTS = [(8, 12), (2, 3), (12, 18), (7, 9), (3, 11), (1, 1), (4, 12), (5, 6)]


def resize(after: tuple[int, ...], by: str = "sizes", opset: int = 19, **attributes: Any) -> Any:
    """Resize X to the extents by sizes, or by scales that are their ratio."""
    scales = np.array([b / a for a, b in zip(X, (1, 2, *after), strict=True)], np.float32)
    inputs: dict[str, Any] = {"x": X, "roi": None}
    if by == "sizes":
        inputs |= {"scales": None, "sizes": np.array([1, 2, *after])}
    else:
        inputs |= {"scales": scales}
    return node_model("Resize", inputs, opset=opset, **attributes)


#: Which results of mode nearest TFLite has (X), by transformation, rounding and extents of the
#: result. Many rows agree with one of TFLite's pairs of flags only for some extents, where the
#: positions happen to fall on whole pixels or to be rounded to the same ones.
NEAREST = """
                                         8x12  2x3 12x18  7x9 3x11  1x1 4x12  5x6
half_pixel           round_prefer_floor    X    X    X    .    .    .    X    .
half_pixel           round_prefer_ceil     X    X    X    X    X    X    X    X
half_pixel           floor                 .    X    .    .    .    .    .    X
half_pixel           ceil                  .    X    .    .    .    X    .    .
half_pixel_symmetric round_prefer_floor    X    X    X    .    .    .    X    .
half_pixel_symmetric round_prefer_ceil     X    X    X    X    X    X    X    X
half_pixel_symmetric floor                 .    X    .    .    .    .    .    X
half_pixel_symmetric ceil                  .    X    .    .    .    X    .    .
pytorch_half_pixel   round_prefer_floor    X    X    X    .    .    X    X    .
pytorch_half_pixel   round_prefer_ceil     X    X    X    X    X    X    X    X
pytorch_half_pixel   floor                 .    X    .    .    .    X    .    X
pytorch_half_pixel   ceil                  .    X    .    .    .    X    .    .
align_corners        round_prefer_floor    X    .    X    .    .    X    X    .
align_corners        round_prefer_ceil     X    X    X    X    X    X    X    X
align_corners        floor                 .    .    .    .    .    X    .    X
align_corners        ceil                  .    X    .    .    X    X    .    .
asymmetric           round_prefer_floor    X    X    .    .    .    X    X    X
asymmetric           round_prefer_ceil     .    X    .    .    .    X    .    X
asymmetric           floor                 X    X    X    X    X    X    X    X
asymmetric           ceil                  .    X    .    .    .    X    .    .
"""


def nearest_cases() -> list[tuple[str, str, tuple[int, int], bool]]:
    """(transformation, rounding, extents, whether TFLite has it) of each cell of the table."""
    header, *rows = (line.split() for line in NEAREST.strip().splitlines())
    extents = [(int(h), int(w)) for h, w in (cell.split("x") for cell in header)]
    return [
        (transformation, rounding, after, mark == "X")
        for transformation, rounding, *marks in rows
        for after, mark in zip(extents, marks, strict=True)
    ]


def is_supported(model: Any) -> bool:
    """Whether TFLite has one operator for it; the result must be right in any case."""
    kinds = [kind for kind in check(model) if kind not in ("RESHAPE", "TRANSPOSE")]
    return kinds in ([], ["RESIZE_BILINEAR"], ["RESIZE_NEAREST_NEIGHBOR"])


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize(("transformation", "rounding", "after", "supported"), nearest_cases())
def test_nearest(
    transformation: str, rounding: str, after: tuple[int, int], supported: bool, by: str
) -> None:
    model = resize(
        after,
        by,
        mode="nearest",
        coordinate_transformation_mode=transformation,
        nearest_mode=rounding,
    )
    assert is_supported(model) == supported


def nearest_in_litert(after: tuple[int, int], align: bool, half: bool) -> list[float]:
    """The pixels that LiteRT's kernel reads, numbered row by row."""
    graph = TfliteGraph()
    x, y = graph.tensor("x", (1, 4, 6, 1)), graph.tensor("y", (1, *after, 1))
    size = graph.constant("size", np.array(after, np.int32))
    flags = options("ResizeNearestNeighborOptions", alignCorners=align, halfPixelCenters=half)
    graph.add("RESIZE_NEAREST_NEIGHBOR", [x, size], [y], flags)
    graph.inputs, graph.outputs = [x], [y]
    ports = [PortSpec(n, graph.tensors[i].shape, (0, 1, 2, 3)) for n, i in (("x", x), ("y", y))]
    io = FileIO((ports[0],), (ports[1],))
    numbers = np.arange(24, dtype=np.float32).reshape(1, 4, 6, 1)
    [[pixels]] = run_tflite(to_bytes(to_model(graph, io, "test")), [{"x": numbers}], io)
    return [float(pixel) for pixel in pixels.reshape(-1)]


def test_the_table_of_nearest_is_what_litert_has() -> None:
    """A result is in the table where one of LiteRT's pairs of flags reads ONNX Runtime's pixels."""
    pairs = [(False, False), (False, True), (True, False)]
    in_litert = {
        after: [nearest_in_litert(after, *pair) for pair in pairs]
        for after in {case[2] for case in nearest_cases()}
    }
    numbers = np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6).repeat(2, axis=1)
    for transformation, rounding, after, supported in nearest_cases():
        model = resize(
            after,
            mode="nearest",
            coordinate_transformation_mode=transformation,
            nearest_mode=rounding,
        )
        [[pixels]] = run_onnx(model.SerializeToString(), [{"x": numbers}])
        wanted = pixels[0, 0].reshape(-1).tolist()
        assert (wanted in in_litert[after]) == supported, (transformation, rounding, after)


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize("after", EXTENTS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_linear(transformation: str, after: tuple[int, int], by: str) -> None:
    """TFLite has all of these."""
    model = resize(after, by, mode="linear", coordinate_transformation_mode=transformation)
    assert is_supported(model)


@pytest.mark.parametrize(
    ("transformation", "rounding", "after"),
    [
        # What PyTorch's "nearest" and "nearest-exact" are exported to.
        ("asymmetric", "floor", (8, 12)),
        ("half_pixel", "round_prefer_floor", (8, 12)),
        ("align_corners", "round_prefer_ceil", (7, 11)),
    ],
)
def test_nearest_in_both_axis_orders(
    transformation: str, rounding: str, after: tuple[int, int]
) -> None:
    check_both(
        resize(
            after,
            mode="nearest",
            coordinate_transformation_mode=transformation,
            nearest_mode=rounding,
        )
    )


@pytest.mark.parametrize("x", [(1, 2, 4), (2, 3, 4, 6), (1, 2, 2, 2, 4)])
@pytest.mark.parametrize("rounding", ["floor", "ceil", "round_prefer_floor"])
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_nearest_along_any_axes(transformation: str, rounding: str, x: tuple[int, ...]) -> None:
    scales = np.array([1, 2, *[1.5] * (len(x) - 2)], np.float32)
    attributes = {"coordinate_transformation_mode": transformation, "nearest_mode": rounding}
    check_both(
        node_model("Resize", {"x": x, "roi": None, "s": scales}, mode="nearest", **attributes)
    )


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_a_sequence_is_an_image_of_one_row(mode: str) -> None:
    inputs = {"x": (1, 2, 4), "roi": None, "s": np.array([1, 1, 2], np.float32)}
    assert is_supported(node_model("Resize", inputs, mode=mode))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("opset", [10, 11, 13, 18, 19])
@pytest.mark.parametrize("scale", [2.0, 3.0, 0.5])
def test_opsets(mode: str, opset: int, scale: float) -> None:
    scales = np.array([1, 1, scale, scale], np.float32)
    if opset == 10:
        model = node_model("Resize", {"x": X, "s": scales}, opset=10, mode=mode)
    else:
        roi = np.zeros(0, np.float32)
        inputs = {"x": X, "roi": roi, "s": scales}
        model = node_model(
            "Resize", inputs, opset=opset, mode=mode, coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )  # fmt: skip
    assert is_supported(model)


def test_nearest_before_opset_11_rounds_up_where_it_shrinks() -> None:
    """4 * 0.6 and 6 * 0.6 are 2 and 3 pixels: 0, 2 and 0, 2, 4 are read, not 0, 1 and 0, 1, 3."""
    scales = np.array([1, 1, 0.6, 0.6], np.float32)
    assert is_supported(node_model("Resize", {"x": X, "s": scales}, opset=10, mode="nearest"))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("opset", [7, 9])
def test_upsample(mode: str, opset: int) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    if opset == 7:
        model = node_model("Upsample", {"x": X}, opset=7, mode=mode, scales=scales)
    else:
        inputs = {"x": X, "s": np.array(scales, np.float32)}
        model = node_model("Upsample", inputs, opset=9, mode=mode)
    check_both(model)


def test_scales_that_are_not_the_ratio_of_the_extents() -> None:
    """floor(7 * 1.3) = 9, and steps of 1 / 1.3 are not steps of 7 / 9."""
    scales = np.array([1, 1, 1.3, 1.3], np.float32)
    inputs = {"x": (1, 2, 7, 7), "roi": None, "scales": scales}
    attributes = {"coordinate_transformation_mode": "asymmetric"}
    with pytest.raises(Unsupported, match=r"from .* to \[1, 2, 9, 9\] by 1, 1, 1.3, 1.3"):
        lower_alone(node_model("Resize", inputs, mode="linear", **attributes))
    # Rounded down, they fall on the same pixels.
    model = node_model("Resize", inputs, mode="nearest", nearest_mode="floor", **attributes)
    assert is_supported(model)


@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1], [1, 2, 3]])
@pytest.mark.parametrize("by", ["sizes", "scales"])
def test_axes(axes: list[int], by: str) -> None:
    factors = {1: 1, 2: 2, 3: 3, -1: 3}
    inputs: dict[str, Any] = {"x": X, "roi": None}
    if by == "sizes":
        inputs |= {"scales": None, "sizes": np.array([X[axis] * factors[axis] for axis in axes])}
    else:
        inputs |= {"scales": np.array([factors[axis] for axis in axes], np.float32)}
    assert is_supported(node_model("Resize", inputs, mode="linear", axes=axes))


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
@pytest.mark.parametrize("sizes", [(8, 18), (9, 13), (2, 3)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_keep_aspect_ratio(policy: str, sizes: tuple[int, int], mode: str) -> None:
    inputs = {"x": X, "roi": None, "scales": None, "sizes": np.array(sizes)}
    model = node_model("Resize", inputs, mode=mode, axes=[2, 3], keep_aspect_ratio_policy=policy)
    # 9 / 4 and 13 / 6 differ, so one scale for both axes is not the ratio of the rounded extents,
    # and TFLite knows only ratios. Nearest rounds by round_prefer_floor here, in which TFLite does
    # not have 9 x 13 by any scale.
    supported = sizes != (9, 13) or (mode == "linear" and policy == "stretch")
    assert is_supported(model) == supported


def test_no_change() -> None:
    assert check(resize((4, 6), mode="linear")) == ["RESHAPE"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (resize((8, 12), mode="cubic"), "Resize with mode cubic"),
        (resize((2, 3), mode="linear", antialias=1), "antialias"),
        (
            node_model(
                "Resize",
                {
                    "x": X,
                    "roi": np.array([0, 0, 0, 0, 1, 1, 1, 1], np.float32),
                    "s": None,
                    "sizes": np.array([1, 2, 8, 8]),
                },
                mode="linear",
                coordinate_transformation_mode="tf_crop_and_resize",
            ),
            "coordinate transformation tf_crop_and_resize",
        ),
    ],
)
def test_left_to_simpler_operators(model: Any, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        lower_alone(model)
