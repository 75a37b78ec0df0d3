"""Networks without memory for their weights: enough to count and to list, at any size."""

import importlib

import torch
from torch import nn

import models


def on_meta(name: str) -> nn.Module:
    """Build a model of the catalog on torch's meta device."""
    entry = models.spec(name)
    module, attribute = entry.factory.split(":")
    factory = getattr(importlib.import_module(module), attribute)
    with torch.device("meta"):
        network: nn.Module = factory(**entry.arguments)
    return network
