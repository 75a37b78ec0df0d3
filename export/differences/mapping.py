"""Two mappings beside one another: what is not the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from _edgeship.export.differences.results import Change, Topic

_MISSING = object()


def mapped(
    topic: Topic, prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """Return a change for each key whose value is not the same, None for what is not there."""
    return [
        Change(topic, f"{prefix}{key}", before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key, _MISSING) != after.get(key, _MISSING)
    ]
