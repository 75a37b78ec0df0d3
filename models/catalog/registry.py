"""The registry: every model that can be created by name. It is data: no torch here."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase

from _edgeship.errors import InputError
from _edgeship.models.catalog.baselines import baselines
from _edgeship.models.catalog.effnet import effnets
from _edgeship.models.catalog.mobilenet import mobilenets
from _edgeship.models.catalog.probes import probes
from _edgeship.models.catalog.rexnet import rexnets
from _edgeship.models.catalog.shufflenet import shufflenets
from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.catalog.video import video

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


def names(pattern: str = "*") -> list[str]:
    """Return the names of the registry that match a shell-style pattern, sorted."""
    return sorted(name for name in CATALOG if fnmatchcase(name, pattern))


def spec(name: str) -> ModelSpec:
    """Return the catalog's entry for a model.

    Raises:
        InputError: There is no such model; the message names the closest ones.
    """
    if name in CATALOG:
        return CATALOG[name]
    close = difflib.get_close_matches(name, CATALOG, n=3)
    raise InputError(
        f"There is no model named {name!r}.",
        todo=f"Did you mean {', '.join(close)}?"
        if close
        else "`python -m models list` prints every name.",
    )
