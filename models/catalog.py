"""The table of every model that can be created by name. It is data: no torch here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.catalog_baselines import baselines
from models.catalog_probes import probes
from models.spec import ModelSpec

# Speed of ShuffleNet V2 from Table 8 of its paper: GPU batches/s, ARM images/s.
_SHUFFLENET_V2_SPEED = {0.5: (417, 57.0), 1.0: (341, 24.4), 1.5: (255, 11.8), 2.0: (217, 6.7)}


def _shufflenet_v2(
    name: str,
    width: float,
    mult_adds: float | None = None,
    params: float | None = None,
    top1_error: float | None = None,
    **arguments: bool,
) -> ModelSpec:
    """Return one row: complexity from Table 5 of the paper, error and speed from its Table 8."""
    speed = None if arguments else _SHUFFLENET_V2_SPEED.get(width)
    return ModelSpec(
        name=name,
        family="ShuffleNet V2",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory="models.shufflenet_v2:ShuffleNetV2",
        arguments={"width": width, **arguments},
        mult_adds=mult_adds,
        params=params,
        top1_error=top1_error,
        published_speed={"gpu": speed[0], "arm": speed[1]} if speed else {},
    )


def _rexnet(
    name: str,
    top1_error: float | None,
    mult_adds: float | None,
    params: float | None,
    *,
    attribute: str = "ReXNet",
    **arguments: float,
) -> ModelSpec:
    """Return one row, with the figures of the authors' repository; None where it has none."""
    return ModelSpec(
        name=name,
        family="ReXNet",
        paper="ReXNet (arXiv 2007.00992)",
        year=2020,
        factory=f"models.rexnet:{attribute}",
        arguments=arguments,
        mult_adds=mult_adds,
        params=params,
        top1_error=top1_error,
    )


def _effnet(name: str, **arguments: Any) -> ModelSpec:
    """Return one row for CIFAR-10, with the data set's own mean and deviation."""
    return ModelSpec(
        name=name,
        family="EffNet",
        paper="EffNet (arXiv 1801.06434)",
        year=2018,
        factory="models.effnet:EffNet",
        arguments=arguments,
        input_size=(3, 32, 32),
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
    )


# Published mult-adds (M) and top-1 error of ShuffleNet V1 by width and groups: Table 1 (width 1),
# 2 (0.25 and 0.5, where one figure stands for all groups) and 5 of its paper; for 8 groups at 0.5
# (mult-adds), 1.5 and 2.0, and all parameters (M): the authors' repository.
_SHUFFLENET_V1: dict[float, dict[int, tuple[float, float]]] = {
    0.25: {1: (13, 57.1), 2: (13, 56.8), 3: (13, 55.0), 4: (13, 54.2), 8: (13, 52.7)},
    0.5: {1: (38, 45.1), 2: (38, 44.4), 3: (38, 43.2), 4: (38, 41.6), 8: (40, 42.3)},
    1.0: {1: (143, 33.6), 2: (140, 32.7), 3: (137, 32.6), 4: (133, 32.8), 8: (137, 32.4)},
    1.5: {3: (292, 28.5), 8: (290, 29.0)},
    2.0: {3: (524, 26.3), 8: (522, 27.1)},
}
_SHUFFLENET_V1_PARAMS = {
    3: {0.5: 0.7e6, 1.0: 1.9e6, 1.5: 3.4e6, 2.0: 5.4e6},
    8: {0.5: 1.0e6, 1.0: 2.4e6, 1.5: 4.3e6, 2.0: 6.5e6},
}
# Speed of g=3 from Table 8 of the ShuffleNet V2 paper: GPU batches/s, ARM images/s.
_SHUFFLENET_V1_SPEED = {0.5: (347, 56.8), 1.0: (213, 21.8), 1.5: (164, 10.3), 2.0: (133, 6.4)}


def _shufflenet_v1(groups: int, width: float) -> ModelSpec:
    millions, error = _SHUFFLENET_V1[width].get(groups, (None, None))
    speed = _SHUFFLENET_V1_SPEED.get(width) if groups == 3 else None
    return ModelSpec(
        name=f"shufflenet_v1_g{groups}_x{str(width).replace('.', '_')}",
        family="ShuffleNet V1",
        paper="ShuffleNet (arXiv 1707.01083)",
        year=2017,
        factory="models.shufflenet_v1:ShuffleNetV1",
        arguments={"groups": groups, "width": width},
        mult_adds=None if millions is None else millions * 1e6,
        params=_SHUFFLENET_V1_PARAMS.get(groups, {}).get(width),
        top1_error=error,
        published_speed={"gpu": speed[0], "arm": speed[1]} if speed else {},
    )


def _shufflenet_v2_large(
    name: str, mult_adds: float, top1_error: float, *, deep: bool
) -> ModelSpec:
    """Return one row of Table 6."""
    return ModelSpec(
        name=name,
        family="ShuffleNet V2",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory="models.shufflenet_v2_large:ShuffleNetV2Large",
        arguments={"deep": deep},
        mult_adds=mult_adds,
        top1_error=top1_error,
    )


def _alias(name: str, of: ModelSpec) -> ModelSpec:
    """Return a second name for an entry; everything else stays equal."""
    return replace(of, name=name, alias_of=of.name)


_SHUFFLENET_V2_X1_0 = _shufflenet_v2("shufflenet_v2_x1_0", 1.0, 146e6, 2.3e6, 30.6)

_ENTRIES = (
    _alias("shufflenet_v2", of=_SHUFFLENET_V2_X1_0),
    _shufflenet_v2("shufflenet_v2_x0_5", 0.5, 41e6, 1.4e6, 39.7),
    _SHUFFLENET_V2_X1_0,
    _shufflenet_v2("shufflenet_v2_x1_5", 1.5, 299e6, 3.5e6, 27.4),
    _shufflenet_v2("shufflenet_v2_x2_0", 2.0, 591e6, 7.4e6, 25.1),
    # ReXNet
    _rexnet("rexnet_x0_9", None, None, None, width=0.9),
    _rexnet("rexnet_x1_0", 22.1, 0.40e9, 4.8e6, width=1.0),
    _rexnet("rexnet_x1_3", 20.5, 0.66e9, 7.6e6, width=1.3),
    _rexnet("rexnet_x1_5", 19.7, 0.88e9, 9.7e6, width=1.5),
    _rexnet("rexnet_x2_0", 18.4, 1.5e9, 16e6, width=2.0),
    _rexnet("rexnet_x3_0", 17.2, 3.4e9, 34e6, width=3.0),
    _rexnet("rexnet_plain", None, None, None, attribute="ReXNetPlain"),
    _rexnet("rexnet_lite_x1_0", 23.8, 0.41e9, 4.7e6, attribute="ReXNetLite", width=1.0),
    _rexnet("rexnet_lite_x1_3", 22.2, 0.65e9, 6.8e6, attribute="ReXNetLite", width=1.3),
    _rexnet("rexnet_lite_x1_5", 21.4, 0.84e9, 8.3e6, attribute="ReXNetLite", width=1.5),
    _rexnet("rexnet_lite_x2_0", 19.8, 1.5e9, 13e6, attribute="ReXNetLite", width=2.0),
    # EffNet
    _effnet("effnet"),
    _effnet("effnet_large", width=2, repeats=(1, 2, 2)),
    # ShuffleNet V1
    *(_shufflenet_v1(groups, width) for groups in (1, 2, 3, 4, 8) for width in _SHUFFLENET_V1),
    ModelSpec(
        name="shufflenet_v1_50",
        family="ShuffleNet V1",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory="models.shufflenet_v1:ShuffleNetV1Deep",
        arguments={},
        mult_adds=2.3e9,
        top1_error=25.2,
    ),
    # ShuffleNet V2 beyond Table 5; of v2* the paper gives figures on COCO only
    _shufflenet_v2("shufflenet_v2_x0_25", 0.25),
    _shufflenet_v2("shufflenet_v2_star_x0_5", 0.5, star=True),
    _shufflenet_v2("shufflenet_v2_star_x1_0", 1.0, star=True),
    _shufflenet_v2("shufflenet_v2_star_x1_5", 1.5, star=True),
    _shufflenet_v2("shufflenet_v2_star_x2_0", 2.0, star=True),
    _shufflenet_v2_large("shufflenet_v2_50", 2.3e9, 22.8, deep=False),
    _shufflenet_v2_large("se_shufflenet_v2_164", 12.7e9, 18.56, deep=True),
    *baselines(),
    # G1 to G4
    *probes(),
)

CATALOG: dict[str, ModelSpec] = {entry.name: entry for entry in _ENTRIES}
