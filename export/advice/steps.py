"""A network as a list of steps with shapes: what every rule of the advice reads.

Counts are those of `models.complexity`: mult-adds of convolutions and matrix products, and MAC,
the memory access cost of the ShuffleNet V2 paper (arXiv 1807.11164, section 2), in values, where
each input, output and weight counts once and biases do not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

#: What a step does to its values:
#: "layer" multiplies by weights or by another activation; "element-wise" maps places one by one;
#: "pooling" reduces windows; "movement" only copies; "view" costs nothing; "other" is the rest.
Kind = Literal["layer", "element-wise", "pooling", "movement", "view", "other"]


@dataclass(frozen=True)
class Convolution:
    """The geometry of a convolution.

    Attributes:
        in_channels: Channels read.
        out_channels: Channels written.
        groups: Groups of channels that do not see each other.
        kernel: Extent along each spatial axis.
        strides: Likewise; empty where they are not known.
        dilations: Likewise.
        places_in: Batch x height x width (x frames) of the input.
        places_out: The same of the output.
        transposed: Whether it spreads its input instead of gathering it.
    """

    in_channels: int
    out_channels: int
    groups: int
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    places_in: int
    places_out: int
    transposed: bool = False

    @property
    def depthwise(self) -> bool:
        """Whether each channel is filtered on its own."""
        return self.groups > 1 and self.groups == self.in_channels

    @property
    def pointwise(self) -> bool:
        """Whether it is a 1x1 convolution that keeps the places and mixes channels."""
        return (
            math.prod(self.kernel) == 1
            and self.places_in == self.places_out
            and not self.depthwise
            and not self.transposed
        )

    @property
    def weights(self) -> int:
        """Number of weights, without biases."""
        return self.in_channels * self.out_channels // self.groups * math.prod(self.kernel)

    @property
    def mult_adds(self) -> int:
        """Multiply-accumulates."""
        return (self.places_in if self.transposed else self.places_out) * self.weights

    @property
    def memory_access(self) -> int:
        """MAC, in values."""
        read = self.places_in * self.in_channels
        return read + self.places_out * self.out_channels + self.weights


@dataclass(frozen=True)
class Step:
    """One operator.

    Attributes:
        name: Dotted name of the module where the file tells it, else that of the node.
        op: Operator, as its format calls it: "Conv", "CONV_2D".
        kind: See `Kind`.
        inputs: Names of the computed values that it reads; constants are left out.
        outputs: Names of the values that it writes.
        read: Number of values that it reads, weights included and biases not.
        written: Number of values that it writes.
        mult_adds: Multiply-accumulates; 0 for all kinds except layers.
        convolution: Its geometry, if it is a convolution.
        clamp: Whether it is a ReLU or ReLU6.
        fused: Whether runtimes compute it within the step before, so that it moves nothing.
        dtype: Type of the values that it reads: "float32", "int8"; with that of its weights behind
            it where they have another one, "float32, int8 weights".
        rows: Places of the first result; the channels of each lie together in memory.
    """

    name: str
    op: str
    kind: Kind
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    read: int
    written: int
    mult_adds: int = 0
    convolution: Convolution | None = None
    clamp: bool = False
    fused: bool = False
    dtype: str = "float32"
    rows: int = 1

    @property
    def memory_access(self) -> int:
        """MAC, in values; 0 for what costs nothing of its own."""
        return 0 if self.fused or self.kind == "view" else self.read + self.written

    @property
    def depthwise(self) -> bool:
        """Whether it is a depthwise convolution."""
        return self.convolution is not None and self.convolution.depthwise


@dataclass(frozen=True)
class NetworkSteps:
    """The steps of a network, each behind those that it reads from.

    Attributes:
        name: For people.
        steps: The steps.
    """

    name: str
    steps: tuple[Step, ...]

    @property
    def memory_access(self) -> int:
        """MAC of all steps, in values."""
        return sum(step.memory_access for step in self.steps)

    @property
    def mult_adds(self) -> int:
        """Multiply-accumulates of all steps."""
        return sum(step.mult_adds for step in self.steps)


def mark_fused(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps, with the clamps marked that a runtime fuses into the step before.

    XNNPACK and TFLite's own kernels clamp the results of convolutions, matrix products, additions
    and poolings while they write them, if nothing else reads the unclamped ones.
    """
    makers = {output: step for step in steps for output in step.outputs}
    reads = Counter(value for step in steps for value in step.inputs)

    def is_fused(step: Step) -> bool:
        if not step.clamp:
            return False
        maker = makers.get(step.inputs[0])
        return (
            maker is not None
            and maker.kind in ("layer", "element-wise", "pooling")
            and not maker.clamp
            and reads[step.inputs[0]] == 1
        )

    return tuple(replace(step, fused=True) if is_fused(step) else step for step in steps)
