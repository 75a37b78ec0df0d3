"""Networks of the catalog without the drawing of random weights that `zoo.create` does."""

import importlib
from typing import Any

import torch
from torch import nn

from _edgeship.models import zoo


def construct(name: str, **overrides: Any) -> nn.Module:
    """Build a model in eval mode, with torch's own default weights."""
    entry = zoo.spec(name)
    module, attribute = entry.factory.split(":")
    factory = getattr(importlib.import_module(module), attribute)
    network: nn.Module = factory(**{**entry.arguments, **overrides})
    return network.eval()


def on_meta(name: str, **overrides: Any) -> nn.Module:
    """Build a model without memory for its weights: enough to count and to list, at any size."""
    with torch.device("meta"):
        return construct(name, **overrides)
