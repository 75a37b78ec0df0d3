"""Mult-adds, parameters and memory access of a network, counted while it runs once.

One mult-add is one multiply-accumulate of a convolution or a linear layer, the unit in which the
papers of efficient CNNs state their complexity (they call it FLOPs). Biases, batch norms,
activations, pooling, additions and shuffles are not counted, and neither is arithmetic that a
forward() does without a layer, such as a matmul. The other figures are counted for the same
layers, convolutions and linear ones, so that ratios between them are meaningful:

- Activation bytes: the output of a layer, 4 bytes a value (float32, whatever the network has).
- MAC, the memory access cost of the ShuffleNet V2 paper (arXiv 1807.11164, section 2), in values:
  input + output + weights. For a 1x1 convolution of an h x w map, from c1 to c2 channels in g
  groups, that is h*w*(c1 + c2) + c1*c2/g. Each value counts once: biases are left out, and so is
  what a cache too small for a layer has to read again.
- Guideline G1's bound: with B mult-adds, no 1x1 convolution has a MAC below
  2*sqrt(h*w*B) + B/(h*w), and without groups it is met where c1 = c2. Groups keep B and the bound
  while the channels grow, so the ratio of MAC to bound shows G2 as well.
- Arithmetic intensity: mult-adds per byte of MAC, at 4 bytes a value.

Only shapes matter, so a network on torch's meta device, which has no values, counts the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

BYTES_PER_VALUE = 4

_COUNTED = (_ConvNd, nn.Linear)


@dataclass(frozen=True)
class Complexity:
    """What one forward pass of the whole batch costs, and the size of the network.

    Attributes:
        mult_adds: Multiply-accumulates.
        params: Parameters of the network.
        activation_bytes: Bytes that the outputs of all counted layers take together; not what is
            alive at once.
        memory_access: MAC, in values.
    """

    mult_adds: int
    params: int
    activation_bytes: int
    memory_access: int

    @property
    def intensity(self) -> float | None:
        """Mult-adds per byte of MAC; None where nothing is counted."""
        return _intensity(self.mult_adds, self.memory_access)


@dataclass(frozen=True)
class LayerCost:
    """One call of one layer.

    Attributes:
        name: Dotted name of the layer in the network; "" for the network itself.
        kind: Class of the layer, such as "Conv2d".
        groups: Of a convolution; 1 for other layers.
        mult_adds: Multiply-accumulates of this call, for the whole batch.
        params: Parameters of the layer, without those that an earlier row has counted.
        activation_bytes: Bytes of the output; 0 for a layer that is not counted.
        memory_access: MAC of this call, in values; 0 for a layer that is not counted.
        bound: G1's lower bound of the MAC; None unless the layer is a 1x1 convolution that keeps
            height and width.
        input_shape: Shape of the first input; () if that is no tensor.
        output_shape: Shape of the output; () if that is no tensor.
    """

    name: str
    kind: str
    groups: int
    mult_adds: int
    params: int
    activation_bytes: int
    memory_access: int
    bound: float | None
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @property
    def access_ratio(self) -> float | None:
        """MAC / bound, at least 1; None where there is no bound."""
        return None if self.bound is None else self.memory_access / self.bound

    @property
    def intensity(self) -> float | None:
        """Mult-adds per byte of MAC; None for a layer that is not counted."""
        return _intensity(self.mult_adds, self.memory_access)


def count(module: nn.Module, input_shape: tuple[int, ...]) -> Complexity:
    """Return what one forward pass costs and the parameters of the network.

    Args:
        module: The network; it is run in eval mode and left in the mode it was in.
        input_shape: Shape of the input with its batch, such as (1, 3, 224, 224).
    """
    params = sum(parameter.numel() for parameter in module.parameters())
    return total(per_layer(module, input_shape), params)


def total(layers: list[LayerCost], params: int) -> Complexity:
    """Sum up the rows of a network that has `params` parameters, used or not."""
    return Complexity(
        mult_adds=sum(layer.mult_adds for layer in layers),
        params=params,
        activation_bytes=sum(layer.activation_bytes for layer in layers),
        memory_access=sum(layer.memory_access for layer in layers),
    )


def per_layer(module: nn.Module, input_shape: tuple[int, ...]) -> list[LayerCost]:
    """Return a row for each call of a layer that has parameters or mult-adds, in call order.

    Args:
        module: The network; it is run in eval mode and left in the mode it was in.
        input_shape: Shape of the input with its batch, such as (1, 3, 224, 224). The figures of
            a larger batch are those of the whole batch, for which the weights are read once.
    """
    rows: list[LayerCost] = []
    held: set[int] = set()

    def record(name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        own = [p for p in layer.parameters(recurse=False) if id(p) not in held]
        held.update(id(parameter) for parameter in own)
        rows.append(_cost(name, layer, inputs[0], output, sum(p.numel() for p in own)))

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


def access_bound(mult_adds: int, places: int) -> float:
    """Return G1's lower bound of a 1x1 convolution's MAC, in values.

    Args:
        mult_adds: Its multiply-accumulates, B.
        places: Height times width of its input, times the batch.
    """
    return 2 * math.sqrt(places * mult_adds) + mult_adds / places


def _cost(name: str, layer: nn.Module, x: Any, y: Any, params: int) -> LayerCost:
    """Return the row of one call; only the shapes of its input and output are read."""
    mult_adds = activation_bytes = memory_access = 0
    bound = None
    if isinstance(layer, _COUNTED):
        mult_adds = _mult_adds(layer, x, y)
        activation_bytes = BYTES_PER_VALUE * y.numel()
        memory_access = x.numel() + y.numel() + layer.weight.numel()
        places = _kept_places(layer, x, y)
        bound = access_bound(mult_adds, places) if places else None
    return LayerCost(
        name=name,
        kind=type(layer).__name__,
        groups=layer.groups if isinstance(layer, _ConvNd) else 1,
        mult_adds=mult_adds,
        params=params,
        activation_bytes=activation_bytes,
        memory_access=memory_access,
        bound=bound,
        input_shape=_shape(x),
        output_shape=_shape(y),
    )


def _mult_adds(layer: _ConvNd | nn.Linear, x: Tensor, y: Tensor) -> int:
    """Return the multiply-accumulates of one call of a counted layer."""
    if isinstance(layer, nn.Linear):
        return y.numel() * layer.in_features
    if isinstance(layer, _ConvTransposeNd):
        # Each input value is spread over one kernel window of the output.
        per_input = layer.out_channels // layer.groups * math.prod(layer.kernel_size)
        return x.numel() * per_input
    per_output = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
    return y.numel() * per_output


def _kept_places(layer: _ConvNd | nn.Linear, x: Tensor, y: Tensor) -> int:
    """Return batch * height * width of a 1x1 convolution that keeps them; 0 for other layers."""
    if isinstance(layer, nn.Linear) or math.prod(layer.kernel_size) != 1:
        return 0
    places = y.numel() // layer.out_channels
    return places if places == x.numel() // layer.in_channels else 0


def _intensity(mult_adds: int, memory_access: int) -> float | None:
    return mult_adds / (BYTES_PER_VALUE * memory_access) if memory_access else None


def _shape(value: object) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, Tensor) else ()


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
