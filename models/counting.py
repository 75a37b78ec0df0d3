"""Count the networks of the catalog without drawing or storing their weights."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from _edgeship.models.building import factory_of
from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.complexity import Complexity, LayerCost, per_layer, total


@dataclass(frozen=True)
class Counted:
    """What one image, or one video, of the published size costs.

    Attributes:
        complexity: The whole network.
        layers: A row for each call of a layer.
    """

    complexity: Complexity
    layers: tuple[LayerCost, ...]


def count_entry(entry: ModelSpec) -> Counted:
    """Build the network on the meta device, which has shapes but no values, and count it."""
    module = _on_meta(entry)
    layers = per_layer(module, (1, *entry.input_size))
    params = sum(parameter.numel() for parameter in module.parameters())
    return Counted(total(layers, params), tuple(layers))


def count_entries(entries: Iterable[ModelSpec]) -> dict[str, Complexity]:
    """Return the complexity of each entry by its name; second names are not counted again."""
    counted: dict[str, Complexity] = {}
    by_origin: dict[str, Complexity] = {}
    for entry in entries:
        origin = entry.alias_of or entry.name
        if origin not in by_origin:
            by_origin[origin] = count_entry(entry).complexity
        counted[entry.name] = by_origin[origin]
    return counted


def _on_meta(entry: ModelSpec) -> nn.Module:
    factory = factory_of(entry)
    arguments = dict(entry.arguments)
    if "in_channels" in inspect.signature(factory).parameters:
        arguments["in_channels"] = entry.input_size[0]
    with torch.device("meta"):
        network: nn.Module = factory(**arguments)
    return network
