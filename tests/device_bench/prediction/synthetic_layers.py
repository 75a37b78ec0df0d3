"""Networks of layers whose times follow a known rule, for tests of what is learned from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from _edgeship.device_bench.prediction.examples import Example, example
from _edgeship.device_bench.prediction.work import Work, work_of
from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.export.advice.steps import Convolution, NetworkSteps, Step

#: What the device of these tests needs: nanoseconds for each operator, mult-add and byte.
OVERHEAD, PER_MULT_ADD, PER_BYTE = 2000.0, 0.05, 0.2


def pointwise(channels_in: int, channels_out: int, side: int, index: int = 0) -> Step:
    """Return a 1x1 convolution."""
    places = side * side
    there = Convolution(channels_in, channels_out, 1, (1, 1), (1, 1), (1, 1), places, places)
    return convolution(there, index)


def convolution(there: Convolution, index: int = 0) -> Step:
    """Return the step of a convolution."""
    written = there.places_out * there.out_channels
    return Step(
        name=f"conv{index}",
        op="CONV_2D",
        kind="layer",
        inputs=(f"t{index}",),
        outputs=(f"t{index + 1}",),
        read=there.memory_access - written,
        written=written,
        mult_adds=there.mult_adds,
        convolution=there,
        rows=there.places_out,
    )


def element_wise(op: str, values: int, index: int, rows: int = 1) -> Step:
    """Return a step that reads and writes as many values."""
    kind = "movement" if op == "SLICE" else "element-wise"
    return Step(
        f"{op}{index}", op, kind, (f"t{index}",), (f"t{index + 1}",), values, values, rows=rows
    )


def known_time(work: Work) -> float:
    """Return the time that an operator has on the device of these tests."""
    return OVERHEAD + max(PER_MULT_ADD * work.mult_adds, PER_BYTE * work.bytes)


def measured(
    name: str,
    family: str,
    steps: Sequence[Step],
    time: Callable[[Work], float] = known_time,
    noise: float = 0.0,
    seed: int = 0,
) -> Example:
    """Return a network as the device of these tests would measure it."""
    rng = np.random.default_rng(seed)
    network = NetworkSteps(name, tuple(steps))
    times = [time(work_of(step)) * float(np.exp(noise * rng.standard_normal())) for step in steps]
    ops = tuple(
        Op(index=index, name=_kernel(step), delegated=True, time=round(of))
        for index, (step, of) in enumerate(zip(steps, times, strict=True))
    )
    # Profiling takes twice as long here, which shares leave out.
    slowed = tuple(op.model_copy(update={"time": 2 * op.time}) for op in ops)
    return example(network, family, sum(times), Profile(ops=slowed, total=1), 1.0)


def chain(seed: int, layers: int = 12) -> list[Step]:
    """Return layers of many sizes, with an ADD behind every third."""
    rng = np.random.default_rng(seed)
    steps: list[Step] = []
    for _ in range(layers):
        a, b = (int(2 ** rng.uniform(3, 9)) for _ in range(2))
        steps.append(pointwise(a, b, int(2 ** rng.uniform(2, 6)), len(steps)))
        if len(steps) % 4 == 3:
            steps.append(element_wise("ADD", int(2 ** rng.uniform(8, 16)), len(steps)))
    return steps


def _kernel(step: Step) -> str:
    if step.kind != "layer":
        return "Add (ND)"
    return f"Convolution (NHWC, F32) {'DWConv' if step.depthwise else 'IGEMM'}"
