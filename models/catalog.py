"""The table of every model that can be created by name. It is data: no torch here."""

from __future__ import annotations

from _edgeship.models.catalog_baselines import baselines
from _edgeship.models.catalog_effnet import effnets
from _edgeship.models.catalog_mobilenet import mobilenets
from _edgeship.models.catalog_probes import probes
from _edgeship.models.catalog_rexnet import rexnets
from _edgeship.models.catalog_shufflenet import shufflenets
from _edgeship.models.catalog_video import video
from _edgeship.models.spec import ModelSpec

_ENTRIES: tuple[ModelSpec, ...] = (
    *shufflenets(),
    *rexnets(),
    *effnets(),
    *mobilenets(),
    *baselines(),
    *video(),
    *probes(),
)

CATALOG: dict[str, ModelSpec] = {entry.name: entry for entry in _ENTRIES}
