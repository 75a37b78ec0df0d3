"""Entries of the catalog and counted layers as plain values, for JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from _edgeship.models.catalog.spec import ModelSpec

if TYPE_CHECKING:
    from _edgeship.models.complexity import Complexity, LayerCost
    from _edgeship.models.counting import Counted


def as_json_text(value: Any) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2)


def info_values(entry: ModelSpec, counted: Counted) -> dict[str, Any]:
    """Return an entry with what was counted, each layer included."""
    return {
        **entry_values(entry),
        "computed": complexity_values(counted.complexity),
        "layers": [layer_values(layer) for layer in counted.layers],
    }


def entry_values(entry: ModelSpec) -> dict[str, Any]:
    """Return what the catalog knows; mult-adds and parameters are plain numbers."""
    return {
        "name": entry.name,
        "alias_of": entry.alias_of,
        "family": entry.family,
        "paper": entry.paper,
        "year": entry.year,
        "input_size": list(entry.input_size),
        "mean": list(entry.mean),
        "std": list(entry.std),
        "crop": entry.crop,
        "published": {
            "mult_adds": entry.mult_adds,
            "params": entry.params,
            "top1_error": entry.top1_error,
            "speed": dict(entry.published_speed),
        },
        "note": entry.note,
        "guidelines": list(entry.guidelines),
    }


def complexity_values(counted: Complexity) -> dict[str, Any]:
    """Return the totals of a network."""
    return {
        "mult_adds": counted.mult_adds,
        "params": counted.params,
        "activation_bytes": counted.activation_bytes,
        "memory_access": counted.memory_access,
        "intensity": counted.intensity,
    }


def layer_values(layer: LayerCost) -> dict[str, Any]:
    """Return one row of a network."""
    return {
        "name": layer.name,
        "kind": layer.kind,
        "input_shape": list(layer.input_shape),
        "output_shape": list(layer.output_shape),
        "groups": layer.groups,
        "params": layer.params,
        "mult_adds": layer.mult_adds,
        "activation_bytes": layer.activation_bytes,
        "memory_access": layer.memory_access,
        "bound": layer.bound,
        "access_ratio": layer.access_ratio,
        "intensity": layer.intensity,
    }
