"""Fits a roof to layers of one kind whose times are known.

What is made small is the error of the logarithm of the time, so that a layer of 10 microseconds
counts as much as one of 10 milliseconds, and with a loss that lets single disturbed layers be wrong
(scipy's "soft_l1"). The roof has a corner, so the start matters: it is found by nonnegative least
squares on the relative error, in which each layer is held to be bound by arithmetic or by memory,
and by turns is asked again which of them.

Kernels compute whole tiles of channels, and each value costs something however few mult-adds it is
the sum of. How large the tiles are, and what a value costs, depends on the processor: it is found
by trial, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from _edgeship.device_bench.prediction.roof import Roof, Sample, roof

#: Channels that kernels may read, and write, at a time.
TILES_IN = (1, 4, 8)
TILES_OUT = (1, 4, 8, 16, 32)

#: What a value may cost, in mult-adds.
FINISHES = (0, 2, 4, 8, 16, 32, 64)

#: With fewer layers than this, none of these is looked for.
_ENOUGH_FOR_SHAPE = 12
# Each is looked for twice: the second time with what was found of the others.
_PASSES = 2
# The error must become smaller by this factor before another shape is believed.
_BELIEVED = 0.98

# What stays below this part of the other bound, for all layers, is nothing that was measured.
_NEGLIGIBLE = 0.05

# A relative error up to this counts in full, and a larger one only linearly.
_SOFT = 0.1

# How the layers are divided at first: those with fewer mult-adds per byte than this quantile of all
# wait for memory.
_STARTS = (0.0, 0.3, 1.0)
_TURNS = 6

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class _Shape:
    """What a kernel computes beside the mult-adds; see `Roof`."""

    tile_in: int = 1
    tile_out: int = 1
    finish: int = 0


@dataclass(frozen=True)
class _Layers:
    """Layers as arrays: mult-adds with all that a shape adds, bytes, and times."""

    mult_adds: Values
    moved: Values
    times: Values

    def modelled(self, rates: Values) -> Values:
        """Return the times under a roof: overhead, time per mult-add, time per byte."""
        longest = np.maximum(rates[1] * self.mult_adds, rates[2] * self.moved)
        return np.asarray(rates[0] + longest, float)

    def loss(self, rates: Values) -> float:
        """Return how badly rates explain the times."""
        # A time of nothing is as bad as a thousandth of it.
        found = np.maximum(self.modelled(rates), self.times / 1e3)
        errors = np.log(found / self.times)
        return float(np.sum(np.sqrt(1 + (errors / _SOFT) ** 2) - 1))


def fit_layers(kind: str, dtype: str, samples: Sequence[Sample]) -> Roof:
    """Return the roof of layers of one kind.

    Args:
        kind: Their kind.
        dtype: Their type.
        samples: Layers with their times, which are above 0.
    """
    shape = _Shape()
    rates, least = _start(_layers(samples, shape))
    if len(samples) >= _ENOUGH_FOR_SHAPE:
        for _ in range(_PASSES):
            for field in ("finish", "tile_in", "tile_out"):
                for tried in _others(shape, field):
                    found, loss = _start(_layers(samples, tried))
                    if loss < _BELIEVED * least:
                        shape, rates, least = tried, found, loss
    overhead, per_mult_add, per_byte = _polish(rates, _layers(samples, shape))
    return roof(
        kind,
        dtype,
        [sample.work for sample in samples],
        overhead=overhead,
        per_mult_add=per_mult_add,
        per_byte=per_byte,
        tile_in=shape.tile_in,
        tile_out=shape.tile_out,
        finish=shape.finish,
    )


def _layers(samples: Sequence[Sample], shape: _Shape) -> _Layers:
    return _Layers(
        np.array([one.work.padded(shape.tile_in, shape.tile_out, shape.finish) for one in samples]),
        np.array([one.work.bytes for one in samples], float),
        np.array([one.time for one in samples], float),
    )


def _others(shape: _Shape, field: str) -> Iterator[_Shape]:
    """Yield the shapes that differ from one in a single respect."""
    values = {"tile_in": TILES_IN, "tile_out": TILES_OUT, "finish": FINISHES}[field]
    for value in values:
        tried = replace(shape, **{field: value})
        if tried != shape:
            yield tried


def _start(layers: _Layers) -> tuple[Values, float]:
    """Return the best rates that turns of nonnegative least squares find, and their loss."""
    intensity = layers.mult_adds / np.maximum(layers.moved, 1)
    best = np.array([float(np.median(layers.times)), 0.0, 0.0])
    least = layers.loss(best)
    for quantile in _STARTS:
        waits = intensity < np.quantile(intensity, quantile)
        for _ in range(_TURNS):
            rates = _divided(layers, waits)
            loss = layers.loss(rates)
            if loss < least:
                best, least = rates, loss
            now = rates[2] * layers.moved > rates[1] * layers.mult_adds
            if np.array_equal(now, waits):
                break
            waits = now
    return best, least


def _divided(layers: _Layers, waits: NDArray[np.bool_]) -> Values:
    """Return the rates if it is known which layers wait for memory."""
    ones = np.ones_like(layers.times)
    columns = np.stack([ones, layers.mult_adds * ~waits, layers.moved * waits], axis=1)
    rates, _ = nnls(columns / layers.times[:, None], ones)
    return np.asarray(rates, float)


def _polish(rates: Values, layers: _Layers) -> tuple[float, float, float]:
    """Return the rates with the least error of the logarithms, nearby."""
    scale = np.array(
        [
            np.median(layers.times),
            np.median(layers.times / np.maximum(layers.mult_adds, 1)),
            np.median(layers.times / np.maximum(layers.moved, 1)),
        ]
    )
    lowest = np.log(1e-6 * scale)

    def errors(logs: Values) -> Values:
        return np.asarray(np.log(layers.modelled(np.exp(logs)) / layers.times), float)

    start = np.log(np.maximum(rates, 1e-5 * scale))
    found = least_squares(errors, start, bounds=(lowest, np.inf), loss="soft_l1", f_scale=_SOFT)
    polished = np.exp(found.x)
    chosen = polished if layers.loss(polished) < layers.loss(rates) else rates
    return float(chosen[0]), *_bounds(chosen, layers)


def _bounds(rates: Values, layers: _Layers) -> tuple[float, float]:
    """Return the time per mult-add and per byte; 0 for what is never the longer of the two."""
    arithmetic, memory = rates[1] * layers.mult_adds, rates[2] * layers.moved
    if np.all(arithmetic < _NEGLIGIBLE * memory):
        return 0.0, float(rates[2])
    if np.all(memory < _NEGLIGIBLE * arithmetic):
        return float(rates[1]), 0.0
    return float(rates[1]), float(rates[2])
