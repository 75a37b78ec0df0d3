"""Adapt a network made for 224-pixel images to small ones by undoing its first halvings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from _edgeship.errors import InputError

_POOLS = (nn.MaxPool2d, nn.AvgPool2d)

#: Pixels a side that the last feature map should have at least.
_LAST_SIDE = 4
#: How often the networks made for 224 pixels halve height and width.
_HALVINGS = 5


def undo_strides(module: nn.Module, count: int, side: int) -> nn.Module:
    """Undo the first halvings of height and width, in place.

    A convolution gets stride 1, a pooling is removed. Layers that read maps of the same size, such
    as those of two parallel branches, are changed together. The names and shapes of the weights
    stay the same, so a checkpoint fits whatever number of strides is undone.

    Args:
        module: The network, on the CPU.
        count: How many to undo, from 0.
        side: Height and width of an input that the network takes as it is.

    Returns:
        The same module.

    Raises:
        InputError: The network does not halve its input that often.
    """
    if count == 0:
        return module
    sides = _sides_of_halvings(module, side)
    levels = sorted(set(sides.values()), reverse=True)
    if not 0 < count <= len(levels):
        raise InputError(
            f"{count} strides cannot be undone in this network.",
            todo=f"Use a number from 0 to {len(levels)}.",
        )
    for name in (name for name, level in sides.items() if level in levels[:count]):
        layer = module.get_submodule(name)
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
        else:
            parent, _, attribute = name.rpartition(".")
            setattr(module.get_submodule(parent), attribute, nn.Identity())
    return module


def usual_strides_undone(published_side: int, side: int) -> int:
    """Return how many strides to undo for pictures of `side` pixels.

    Just enough for a last feature map of at least 4 pixels a side, taking the network to halve its
    input five times; none for a network that was published for small images.
    """
    needed = _LAST_SIDE * 2**_HALVINGS
    if published_side < needed:
        return 0
    return next(count for count in range(_HALVINGS + 1) if side * 2**count >= needed)


def _sides_of_halvings(module: nn.Module, side: int) -> dict[str, int]:
    """Return the height of the map that each halving layer reads, by the layer's name."""
    sides: dict[str, int] = {}

    def note(name: str, x: Tensor) -> None:
        sides[name] = x.shape[2]

    halving = [(name, layer) for name, layer in module.named_modules() if _halves(layer)]
    hooks = [
        layer.register_forward_pre_hook(lambda _, inputs, name=name: note(name, inputs[0]))
        for name, layer in halving
    ]
    channels = next(layer for layer in module.modules() if isinstance(layer, nn.Conv2d)).in_channels
    was_training = module.training
    with torch.inference_mode():
        module.eval()(torch.zeros(1, channels, side, side))
    module.train(was_training)
    for hook in hooks:
        hook.remove()
    return sides


def _halves(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return layer.stride == (2, 2)
    return isinstance(layer, _POOLS) and layer.stride in (2, (2, 2))
