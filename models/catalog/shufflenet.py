"""ShuffleNet V1 and V2 as rows of the catalog. It is data: no torch here."""

from __future__ import annotations

from dataclasses import replace

from _edgeship.models.catalog.spec import ModelSpec, alias, printed, speeds

_PAPER_V1 = "ShuffleNet (arXiv 1707.01083)"
_PAPER_V2 = "ShuffleNet V2 (arXiv 1807.11164)"

# Published mult-adds (M) and top-1 error of ShuffleNet V1 by width and groups: Table 1 (width 1),
# 2 (0.25 and 0.5, where one figure stands for all groups) and 5 of its paper; for 8 groups at 0.5
# (mult-adds), 1.5 and 2.0, and all parameters (M): the authors' repository.
_V1: dict[float, dict[int, tuple[int, float]]] = {
    0.25: {1: (13, 57.1), 2: (13, 56.8), 3: (13, 55.0), 4: (13, 54.2), 8: (13, 52.7)},
    0.5: {1: (38, 45.1), 2: (38, 44.4), 3: (38, 43.2), 4: (38, 41.6), 8: (40, 42.3)},
    1.0: {1: (143, 33.6), 2: (140, 32.7), 3: (137, 32.6), 4: (133, 32.8), 8: (137, 32.4)},
    1.5: {3: (292, 28.5), 8: (290, 29.0)},
    2.0: {3: (524, 26.3), 8: (522, 27.1)},
}
_V1_PARAMS = {
    3: {0.5: "0.7 M", 1.0: "1.9 M", 1.5: "3.4 M", 2.0: "5.4 M"},
    8: {0.5: "1.0 M", 1.0: "2.4 M", 1.5: "4.3 M", 2.0: "6.5 M"},
}
# Speed of g=3 from Table 8 of the ShuffleNet V2 paper: GPU batches/s, ARM images/s.
_V1_SPEED = {0.5: (347, 56.8), 1.0: (213, 21.8), 1.5: (164, 10.3), 2.0: (133, 6.4)}

_ONE_FIGURE = "The paper gives one figure for all numbers of groups at this width."
_V1_NOTES = {
    (0.5, 1): _ONE_FIGURE,
    (0.5, 2): _ONE_FIGURE,
    (0.5, 4): _ONE_FIGURE,
    (0.25, 8): f"{_ONE_FIGURE} With 8 groups conv1 needs another width than with fewer.",
    (1.0, 4): "The paper's five figures at this width are 0.1 to 1.4 M under the count, for a "
    "reason it does not give; for 8 groups the authors' repository prints the count instead.",
}

# The paper of V2 says all of this about V1, in section 3.
_V1_BOTTLENECK = (
    "G1: against it. The 1x1 convolutions of a unit narrow the channels to a bottleneck and widen "
    "them again."
)
_V1_GROUPS = (
    "G2: against it. The 1x1 convolutions are group convolutions.",
    "G3: many groups split the work into small pieces as well.",
)
_V1_ADDS = "G4: against it. Units of stride 1 add their shortcut."

# Speed of ShuffleNet V2 from Table 8 of its paper: GPU batches/s, ARM images/s.
_V2_SPEED = {0.5: (417, 57.0), 1.0: (341, 24.4), 1.5: (255, 11.8), 2.0: (217, 6.7)}

_V2_COUNT = (
    "The paper's mult-adds are above those of the convolutions and the classifier at every width, "
    "and it does not say what else it counts. torchvision's count of the same network is this one."
)
_V2_NOTES = {0.5: _V2_COUNT, 1.5: _V2_COUNT, 2.0: _V2_COUNT}

_V2_BASE = (
    "G1: the 1x1 convolutions of a unit of stride 1 keep their channels, so their MAC is the least "
    "that their mult-adds allow.",
    "G2: the 1x1 convolutions have no groups.",
    "G3: one branch of a unit of stride 1 is the identity, the other a chain of convolutions.",
)
_V2_NO_ADD = (
    "G4: nothing is added. ReLU follows the 1x1 convolutions only, and in a unit of stride 1 it "
    "and the depthwise convolution see half of the channels."
)
_V2_STAR = (
    "G4: v2* has one more depthwise convolution a unit, for a larger receptive field; the paper "
    "counts those among the element-wise operations."
)
V2_GUIDELINES = (*_V2_BASE, _V2_NO_ADD)
_V2_RESIDUAL = "G4: against it. Units of stride 1 add a shortcut, and squeeze-excite multiplies."


def shufflenets() -> tuple[ModelSpec, ...]:
    """Return the rows of both versions."""
    v2 = _v2("shufflenet_v2_x1_0", 1.0, "146 M", "2.3 M", 30.6)
    return (
        alias("shufflenet_v2", of=v2),
        _v2("shufflenet_v2_x0_5", 0.5, "41 M", "1.4 M", 39.7),
        v2,
        _v2("shufflenet_v2_x1_5", 1.5, "299 M", "3.5 M", 27.4),
        _v2("shufflenet_v2_x2_0", 2.0, "591 M", "7.4 M", 25.1),
        # Beyond Table 5; of v2* the paper gives figures on COCO only.
        _v2("shufflenet_v2_x0_25", 0.25),
        *(_v2(f"shufflenet_v2_star_{_width(w)}", w, star=True) for w in (0.5, 1.0, 1.5, 2.0)),
        *(_v2_star_features(w) for w in (0.5, 1.0, 1.5, 2.0)),
        _v2_large("shufflenet_v2_50", "2.3 G", 22.8, deep=False),
        _v2_large("se_shufflenet_v2_164", "12.7 G", 18.56, deep=True),
        *(_v1(groups, width) for groups in (1, 2, 3, 4, 8) for width in _V1),
        ModelSpec(
            name="shufflenet_v1_50",
            family="ShuffleNet V1",
            paper=_PAPER_V2,
            year=2018,
            factory="_edgeship.models.networks.shufflenet_v1:ShuffleNetV1Deep",
            arguments={},
            **printed("2.3 G"),
            top1_error=25.2,
            guidelines=v1_guidelines(groups=3),
        ),
    )


def v1_guidelines(groups: int) -> tuple[str, ...]:
    """Return how V1 with this number of groups relates to G1 to G4."""
    return (_V1_BOTTLENECK, *(_V1_GROUPS if groups > 1 else ()), _V1_ADDS)


def _v1(groups: int, width: float) -> ModelSpec:
    millions, error = _V1[width].get(groups, (None, None))
    speed = _V1_SPEED.get(width) if groups == 3 else None
    return ModelSpec(
        name=f"shufflenet_v1_g{groups}_{_width(width)}",
        family="ShuffleNet V1",
        paper=_PAPER_V1,
        year=2017,
        factory="_edgeship.models.networks.shufflenet_v1:ShuffleNetV1",
        arguments={"groups": groups, "width": width},
        **printed(
            None if millions is None else f"{millions} M", _V1_PARAMS.get(groups, {}).get(width)
        ),
        top1_error=error,
        published_speed=speeds(*speed) if speed else {},
        note=_V1_NOTES.get((width, groups), ""),
        guidelines=v1_guidelines(groups),
    )


def _v2(
    name: str,
    width: float,
    mult_adds: str | None = None,
    params: str | None = None,
    top1_error: float | None = None,
    *,
    star: bool = False,
) -> ModelSpec:
    """Return one row: complexity from Table 5 of the paper, error and speed from its Table 8."""
    speed = None if star else _V2_SPEED.get(width)
    return ModelSpec(
        name=name,
        family="ShuffleNet V2",
        paper=_PAPER_V2,
        year=2018,
        factory="_edgeship.models.networks.shufflenet_v2:ShuffleNetV2",
        arguments={"width": width, "star": True} if star else {"width": width},
        **printed(mult_adds, params),
        top1_error=top1_error,
        published_speed=speeds(*speed) if speed else {},
        note="" if star else _V2_NOTES.get(width, ""),
        guidelines=(*V2_GUIDELINES, _V2_STAR) if star else V2_GUIDELINES,
    )


def _v2_star_features(width: float) -> ModelSpec:
    """Return the backbone of Table 7: v2* without its classifier, four maps for a detector."""
    return replace(
        _v2(f"shufflenet_v2_star_features_{_width(width)}", width, star=True),
        factory="_edgeship.models.networks.shufflenet_v2:ShuffleNetV2Features",
    )


def _v2_large(name: str, mult_adds: str, top1_error: float, *, deep: bool) -> ModelSpec:
    """Return one row of Table 6."""
    return ModelSpec(
        name=name,
        family="ShuffleNet V2",
        paper=_PAPER_V2,
        year=2018,
        factory="_edgeship.models.networks.shufflenet_v2_large:ShuffleNetV2Large",
        arguments={"deep": deep},
        **printed(mult_adds),
        top1_error=top1_error,
        guidelines=(*_V2_BASE, _V2_RESIDUAL) if deep else V2_GUIDELINES,
    )


def _width(width: float) -> str:
    return f"x{width}".replace(".", "_")
