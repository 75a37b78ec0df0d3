"""The table of every model that can be created by name. It is data: no torch here."""

from __future__ import annotations

from dataclasses import replace

from models.spec import ModelSpec


def _shufflenet_v2(
    name: str, width: float, mult_adds: float, params: float, top1_error: float
) -> ModelSpec:
    """Return one row: complexity from Table 5 of the paper, error from its Table 8."""
    return ModelSpec(
        name=name,
        family="ShuffleNet V2",
        paper="ShuffleNet V2 (arXiv 1807.11164)",
        year=2018,
        factory="models.shufflenet_v2:ShuffleNetV2",
        arguments={"width": width},
        mult_adds=mult_adds,
        params=params,
        top1_error=top1_error,
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
)

CATALOG: dict[str, ModelSpec] = {entry.name: entry for entry in _ENTRIES}
