"""Let a network made for 224-pixel images see small ones, by undoing its first halvings."""

from __future__ import annotations

from torch import nn

from export.errors import InputError

_DOWNSAMPLERS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)

#: The last feature map should have at least so many pixels a side.
_LAST_SIDE = 4
#: A classifier for 224-pixel images halves them five times, to 7 pixels.
_USUAL_SIDE = 224


def keep_resolution(module: nn.Module, halvings: int) -> nn.Module:
    """Undo the first layers that halve height and width, in place.

    A convolution gets stride 1, a pooling is removed. Names and shapes of the weights stay, so a
    checkpoint fits with any number of halvings undone. Where a unit halves in two branches at
    once, only one of them would be changed: such a unit is refused.

    Args:
        module: The network, its layers in the order in which they run.
        halvings: How many to undo, from 0.

    Returns:
        The same module.

    Raises:
        InputError: The network has no so many halvings in front of its first branch.
    """
    layers = [(name, layer) for name, layer in module.named_modules() if _halves(layer)]
    if not 0 <= halvings <= len(layers):
        raise InputError(
            f"{halvings} halvings cannot be undone: the network has {len(layers)}.",
            todo=f"Use a number from 0 to {len(layers)}.",
        )
    for name, layer in layers[:halvings]:
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
        else:
            parent, _, attribute = name.rpartition(".")
            setattr(module.get_submodule(parent), attribute, nn.Identity())
    return module


def usual_halvings(published_side: int, side: int) -> int:
    """Return how many halvings to undo for images of `side` pixels.

    As many as leave the last feature map with 4 pixels a side or more, if the network halves
    its published input down to a seventh of 224; none for a network made for small images.
    """
    if published_side < _USUAL_SIDE // 2:
        return 0
    halvings = 0
    while halvings < 5 and side * 2**halvings < _LAST_SIDE * 32:
        halvings += 1
    return halvings


def _halves(layer: nn.Module) -> bool:
    return isinstance(layer, _DOWNSAMPLERS) and layer.stride in (2, (2, 2))
