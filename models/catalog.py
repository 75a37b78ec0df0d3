"""The table of every model that can be created by name. It is data: no torch here."""

from __future__ import annotations

from models.catalog_baselines import baselines
from models.catalog_effnet import effnets
from models.catalog_mobilenet import mobilenets
from models.catalog_probes import probes
from models.catalog_rexnet import rexnets
from models.catalog_shufflenet import shufflenets
from models.catalog_video import video
from models.spec import ModelSpec

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
