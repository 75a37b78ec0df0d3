"""MobileNet V1 and V2 as rows of the catalog. It is data: no torch here."""

from __future__ import annotations

from _edgeship.models.catalog.spec import ModelSpec, alias, printed, speeds

_GUIDELINES = {
    1: (
        "G1: 8 of 13 1x1 convolutions keep their channels, and the others double them.",
        "G3: a chain without branches.",
        "G4: nothing is added, but ReLU follows every convolution.",
    ),
    # The ShuffleNet V2 paper says this in section 2.
    2: (
        "G1: against it. The 1x1 convolutions of a unit widen the channels to 6 times as many and "
        "narrow them again.",
        "G4: against it. The depthwise convolution and both activations of a unit see the widened "
        "channels, and units of stride 1 add their shortcut.",
    ),
}

_OWN_ROUNDING = (
    "The mult-adds are those of the ShuffleNet V2 authors' own implementation, whose rounding of "
    "channels is not published."
)
_NO_NORMS = (
    "The authors' number of parameters leaves out the weights and biases of the batch norms; "
    "without them the count is theirs to the last digit."
)
_V2_NOTES = {
    0.4: _OWN_ROUNDING,
    0.6: _OWN_ROUNDING,
    0.75: f"{_OWN_ROUNDING} MobileNet V2's authors print 153 M. {_NO_NORMS}",
    1.0: _NO_NORMS,
}


def mobilenets() -> tuple[ModelSpec, ...]:
    """Return the rows of both versions."""
    v1 = _v1(1.0, "569 M", "4.2 M", 29.4, 247, 6.5)
    v2 = _v2(1.0, "300 M", "3.47 M", 28.0, 180, 8.9)
    return (
        alias("mobilenet_v1", of=v1),
        _v1(0.25, "41 M", "0.5 M", 49.4, 502, 36.4),
        _v1(0.5, "149 M", "1.3 M", 36.3, 382, 16.5),
        _v1(0.75, "325 M", "2.6 M", 31.6, 314, 10.6),
        v1,
        alias("mobilenet_v2", of=v2),
        _v2(0.4, "43 M", None, 43.4, 333, 33.2, size=160),
        _v2(0.5, "97 M", "1.95 M", 34.6, None, None),
        _v2(0.6, "141 M", None, 33.3, 249, 14.9),
        _v2(0.75, "145 M", "2.61 M", 32.1, 235, 15.9, size=192),
        v2,
        _v2(1.4, "585 M", "6.06 M", 25.3, 137, 5.4),
    )


def _v1(
    width: float, mult_adds: str, params: str, top1_error: float, gpu: float, arm: float
) -> ModelSpec:
    """Return one row: Table 8 of the ShuffleNet V2 paper, and the authors' parameters."""
    return ModelSpec(
        name=f"mobilenet_v1_x{width}".replace(".", "_"),
        family="MobileNet V1",
        paper="MobileNet V1 (arXiv 1704.04861)",
        year=2017,
        factory="_edgeship.models.networks.mobilenet_v1:MobileNetV1",
        arguments={"width": width},
        **printed(mult_adds, params),
        top1_error=top1_error,
        published_speed=speeds(gpu, arm),
        guidelines=_GUIDELINES[1],
    )


def _v2(
    width: float,
    mult_adds: str,
    params: str | None,
    top1_error: float,
    gpu: float | None,
    arm: float | None,
    size: int = 224,
) -> ModelSpec:
    """Return one row: Table 8 of the ShuffleNet V2 paper, whose inputs have `size`.

    The parameters are those that MobileNet's authors publish; at width 0.5 all figures are theirs.
    """
    return ModelSpec(
        name=f"mobilenet_v2_x{width}".replace(".", "_"),
        family="MobileNet V2",
        paper="MobileNet V2 (arXiv 1801.04381)",
        year=2018,
        factory="_edgeship.models.networks.mobilenet_v2:MobileNetV2",
        arguments={"width": width},
        input_size=(3, size, size),
        **printed(mult_adds, params),
        top1_error=top1_error,
        published_speed=speeds(gpu, arm),
        note=_V2_NOTES.get(width, ""),
        guidelines=_GUIDELINES[2],
    )
