"""ReXNet as rows of the catalog. It is data: no torch here."""

from __future__ import annotations

from _edgeship.models.catalog.spec import ModelSpec, printed

_WIDENS = (
    "G1: against it, as MobileNet V2. The 1x1 convolutions of a unit widen the channels to 6 times "
    "as many and narrow them again."
)
_GUIDELINES = {
    "ReXNet": (
        _WIDENS,
        "G4: against it. The depthwise convolution, squeeze-excite and both activations of a unit "
        "see the widened channels, and units of stride 1 add their shortcut.",
    ),
    "ReXNetLite": (
        _WIDENS,
        "G4: against it. The depthwise convolution and both activations of a unit see the widened "
        "channels, and units of stride 1 add their shortcut.",
    ),
    "ReXNetPlain": (
        "G1: most 1x1 convolutions add 48 channels to hundreds, so their MAC is close to its "
        "bound.",
        "G3: a chain without branches.",
        "G4: nothing is added, but an activation follows every convolution.",
    ),
}


def rexnets() -> tuple[ModelSpec, ...]:
    """Return the rows of all of them."""
    return (
        _rexnet("rexnet_x0_9", None, None, None, width=0.9),
        _rexnet("rexnet_x1_0", 22.1, "0.40 G", "4.8 M", width=1.0),
        _rexnet("rexnet_x1_3", 20.5, "0.66 G", "7.6 M", width=1.3),
        _rexnet("rexnet_x1_5", 19.7, "0.88 G", "9.7 M", width=1.5),
        # A second table of the repository prints 1.8 G and 19 M, which are those of width 2.2.
        _rexnet("rexnet_x2_0", 18.4, "1.5 G", "16 M", width=2.0),
        _rexnet(
            "rexnet_x3_0",
            17.2,
            "3.4 G",
            "34 M",
            width=3.0,
            note="The repository prints 34.7 M parameters without their fraction.",
        ),
        _rexnet("rexnet_plain", None, None, None, attribute="ReXNetPlain"),
        *(
            _rexnet(f"rexnet_lite_x{width}".replace(".", "_"), *figures, "ReXNetLite", width=width)
            for width, figures in {
                1.0: (23.8, "0.41 G", "4.7 M"),
                1.3: (22.2, "0.65 G", "6.8 M"),
                1.5: (21.4, "0.84 G", "8.3 M"),
                2.0: (19.8, "1.5 G", "13 M"),
            }.items()
        ),
    )


def _rexnet(
    name: str,
    top1_error: float | None,
    mult_adds: str | None,
    params: str | None,
    attribute: str = "ReXNet",
    *,
    note: str = "",
    **arguments: float,
) -> ModelSpec:
    """Return one row, with the figures of the authors' repository; None where it has none."""
    return ModelSpec(
        name=name,
        family="ReXNet",
        paper="ReXNet (arXiv 2007.00992)",
        year=2020,
        factory=f"_edgeship.models.networks.rexnet:{attribute}",
        arguments=arguments,
        **printed(mult_adds, params),
        top1_error=top1_error,
        note=note,
        guidelines=_GUIDELINES[attribute],
    )
