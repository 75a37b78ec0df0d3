"""Mult-adds and parameters of a network, counted while it runs once.

One mult-add is one multiply-accumulate of a convolution or a linear layer, the unit in which the
papers of efficient CNNs state their complexity (they call it FLOPs). Biases, batch norms,
activations, pooling, additions and shuffles are not counted, and neither is arithmetic that a
forward() does without a layer, such as a matmul.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_COUNTED = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear)


@dataclass(frozen=True)
class Complexity:
    """What one forward pass of the whole batch costs, and the size of the network."""

    mult_adds: int
    params: int


@dataclass(frozen=True)
class LayerCost:
    """One call of one layer.

    Attributes:
        name: Dotted name of the layer in the network; "" for the network itself.
        kind: Class of the layer, such as "Conv2d".
        mult_adds: Multiply-accumulates of this call, for the whole batch.
        params: Parameters the layer owns; 0 for those that an earlier row already holds.
        input_shape: Shape of the first input; () if that is no tensor.
        output_shape: Shape of the output; () if that is no tensor.
    """

    name: str
    kind: str
    mult_adds: int
    params: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


def count(module: nn.Module, input_shape: tuple[int, ...]) -> Complexity:
    """Return the mult-adds of one forward pass and the parameters of the network.

    Args:
        module: The network; it is run in eval mode and left in the mode it was in.
        input_shape: Shape of the input with its batch, such as (1, 3, 224, 224).
    """
    layers = per_layer(module, input_shape)
    return Complexity(
        mult_adds=sum(layer.mult_adds for layer in layers),
        params=sum(parameter.numel() for parameter in module.parameters()),
    )


def per_layer(module: nn.Module, input_shape: tuple[int, ...]) -> list[LayerCost]:
    """Return a row for each call of a layer that has parameters or mult-adds, in call order.

    Args:
        module: The network; it is run in eval mode and left in the mode it was in.
        input_shape: Shape of the input with its batch, such as (1, 3, 224, 224).
    """
    rows: list[LayerCost] = []
    counted: set[int] = set()

    def record(name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        own = [p for p in layer.parameters(recurse=False) if id(p) not in counted]
        counted.update(id(parameter) for parameter in own)
        rows.append(
            LayerCost(
                name=name,
                kind=type(layer).__name__,
                mult_adds=_mult_adds(layer, inputs[0], output),
                params=sum(parameter.numel() for parameter in own),
                input_shape=_shape(inputs[0]),
                output_shape=_shape(output),
            )
        )

    layers = [
        (name, layer)
        for name, layer in module.named_modules()
        if isinstance(layer, _COUNTED) or next(layer.parameters(recurse=False), None) is not None
    ]
    hooks = [
        layer.register_forward_hook(
            lambda layer, inputs, output, name=name: record(name, layer, inputs, output)
        )
        for name, layer in layers
    ]
    try:
        _run_once(module, input_shape)
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def _shape(value: object) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, Tensor) else ()


def _mult_adds(layer: nn.Module, x: Tensor, y: Tensor) -> int:
    """Return the multiply-accumulates of one call, from shapes alone."""
    if isinstance(layer, _CONVOLUTIONS):
        per_output = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        return y.numel() * per_output
    if isinstance(layer, _ConvTransposeNd):
        # Each input value is spread over one kernel window of the output.
        per_input = layer.out_channels // layer.groups * math.prod(layer.kernel_size)
        return x.numel() * per_input
    if isinstance(layer, nn.Linear):
        return y.numel() * layer.in_features
    return 0


def _run_once(module: nn.Module, input_shape: tuple[int, ...]) -> None:
    """Run the network on zeros in eval mode, then restore the mode of every submodule."""
    modes = [(submodule, submodule.training) for submodule in module.modules()]
    first = next(module.parameters(), torch.empty(0))
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(input_shape, dtype=first.dtype, device=first.device))
    finally:
        for submodule, training in modes:
            submodule.training = training
