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
)

CATALOG: dict[str, ModelSpec] = {entry.name: entry for entry in _ENTRIES}
