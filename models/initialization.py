"""Random weights that make an untrained network behave numerically like a trained one.

Exporting, quantizing and comparing networks must be possible without a download, and a network
as torch constructs it is a poor stand-in: its batch norms are identities (mean 0, variance 1,
weight 1, bias 0), so a wrong folding of batch norms goes unseen, and without working batch norms
its activations shrink layer by layer until every image gets the same scores. Here each layer
keeps the scale of its input, each batch norm holds the statistics of what really reaches it, and
no bias is zero, so that a dropped one shows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

# Spread of the values that torch initializes to constants; small beside the activations, whose
# scale is 1.
_SPREAD = 0.1

# Scales the last batch norm of a residual branch. Training starts it at 0 in arXiv 1706.02677 and
# leaves it small; at 1, fifty residual units in a row amplify rounding errors to the size of the
# scores.
_RESIDUAL_GAIN = 0.2

# Added to the bias of a batch norm whose ReLU should let nearly everything pass: two standard
# deviations.
_LIFT = 2.0


def initialize(module: nn.Module, input_shape: tuple[int, ...], seed: int) -> nn.Module:
    """Give a network seeded random weights and matching batch-norm statistics, in place.

    Convolutions and linear layers get He-normal weights, variance 2 / fan-in (arXiv 1502.01852).
    Batch norms get a weight around 1, a bias around 0 and the statistics of one noise batch. Layers
    of other kinds keep their parameters. A module may name the batch norm that ends its residual
    branch as `residual_norm`; its weight is made small. It may name batch norms in front of ReLUs
    as `lifted_norms`; their bias is raised. The global random state is neither read nor changed.

    Args:
        module: The network, on the CPU.
        input_shape: Shape of the noise batch, (N, C, ...). A batch norm behind global pooling
            sees N values per channel, so N must be at least 2.
        seed: The same seed gives the same weights on the same machine and torch version.

    Returns:
        The same module, in eval mode.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            _draw(layer, generator)
        for layer in module.modules():
            residual_norm = getattr(layer, "residual_norm", None)
            if residual_norm is not None:
                residual_norm.weight.mul_(_RESIDUAL_GAIN)
            for norm in getattr(layer, "lifted_norms", ()):
                norm.bias.add_(_LIFT)
        _set_statistics(module, _noise(input_shape, generator))
    return module.eval()


def _draw(layer: nn.Module, generator: torch.Generator) -> None:
    """Draw the parameters of one layer."""
    if isinstance(layer, (_ConvNd, nn.Linear)):
        layer.weight.normal_(0.0, math.sqrt(2.0 / _fan_in(layer)), generator=generator)
        if layer.bias is not None:
            layer.bias.normal_(0.0, _SPREAD, generator=generator)
    elif isinstance(layer, _BatchNorm) and layer.affine:
        layer.weight.uniform_(1.0 - _SPREAD, 1.0 + _SPREAD, generator=generator)
        layer.bias.normal_(0.0, _SPREAD, generator=generator)


def _fan_in(layer: _ConvNd | nn.Linear) -> float:
    """Return how many inputs one output sums."""
    if isinstance(layer, _ConvTransposeNd):
        # The windows of neighbouring inputs overlap kernel / stride times along each axis.
        overlap = math.prod(layer.kernel_size) / math.prod(layer.stride)
        return layer.in_channels // layer.groups * overlap
    return layer.weight[0].numel()


def _noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return noise of mean 0 and variance 1 with detail at every scale, as images have.

    It sums equally strong noise of 1, 2, 4, ... cells a side, up to one per pixel. Statistics of
    white noise alone fit photographs badly: a channel that sums its neighbourhood cancels white
    noise but not a smooth area, and its activations there grow to several times their scale.
    """
    batch_channels, sides = shape[:2], shape[2:]
    total = torch.zeros(shape)
    octaves = (max(sides, default=1) - 1).bit_length() + 1
    for octave in range(octaves):
        cells = [min(2**octave, side) for side in sides]
        coarse = torch.randn((*batch_channels, *cells), generator=generator)
        total += functional.interpolate(coarse, size=list(sides)) if sides else coarse
    return total / math.sqrt(octaves)


def _set_statistics(module: nn.Module, batch: Tensor) -> None:
    """Run the network once and keep each batch norm's statistics of that batch."""
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    # Only batch norms train: dropout would draw from the global random state.
    module.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # average over the batches seen, which is this one
    module(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
