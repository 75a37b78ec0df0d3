"""A measured network as examples to learn from: layers with their times, and what lies between."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from _edgeship.device_bench.measurement.layer_names import is_layer
from _edgeship.device_bench.prediction.between import Gap
from _edgeship.device_bench.prediction.roof import Sample
from _edgeship.device_bench.prediction.work import Work, work_of
from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.export.advice.steps import NetworkSteps, Step


@dataclass(frozen=True)
class Example:
    """One file that was measured on a device.

    Attributes:
        name: Name of the network and its input.
        family: Networks of one family are alike; they are held out together.
        dtype: Type of most of its layers.
        network: Its steps.
        run: Median time of a run, in the unit of the device.
        layers: Its layers, each with its time; empty if the profile does not tell them.
        gaps: What lies between them.
    """

    name: str
    family: str
    dtype: str
    network: NetworkSteps
    run: float
    layers: tuple[Sample, ...]
    gaps: tuple[Gap, ...]


def example(
    network: NetworkSteps, family: str, run: float, profile: Profile, resolution: float
) -> Example:
    """Return a measured file as an example.

    Profiling costs time, and a mean over profiled runs more: what is taken from the profile is the
    share of each operator, and its time is that share of a run that was not profiled.

    Args:
        network: The steps of the file.
        family: The family of the network.
        run: Median time of a run.
        profile: A profile of the same file.
        resolution: The least time that a profile can tell, in the unit of the device.
    """
    together = sum(op.time for op in profile.ops)
    factor = run / together if together else 0.0
    dtype = main_dtype(network)
    layers = [op for op in profile.ops if is_layer(op)]
    steps = [step for step in network.steps if step.kind == "layer"]
    if not factor or not _belong(layers, steps):
        return Example(network.name, family, dtype, network, run, (), ())
    least = resolution / 2
    samples = tuple(
        Sample(work_of(step), max(op.time, least) * factor)
        for op, step in zip(layers, steps, strict=True)
    )
    gaps = _gaps(network, profile, factor)
    return Example(network.name, family, dtype, network, run, samples, gaps)


def main_dtype(network: NetworkSteps) -> str:
    """Return the type of most of a network's layers, or of its steps if it has no layers."""
    layers = [step for step in network.steps if step.kind == "layer"] or network.steps
    return Counter(step.dtype for step in layers).most_common(1)[0][0] if layers else "float32"


def small_works(network: NetworkSteps) -> tuple[tuple[Work, ...], ...]:
    """Return what there is to do between layers: before the first, between each two, at the end.

    Steps that cost nothing of their own are left out.
    """
    parts: list[list[Work]] = [[]]
    for step in network.steps:
        if step.kind == "layer":
            parts.append([])
        elif step.memory_access:
            parts[-1].append(work_of(step))
    return tuple(map(tuple, parts))


def _gaps(network: NetworkSteps, profile: Profile, factor: float) -> tuple[Gap, ...]:
    times = [0]
    for op in profile.ops:
        if is_layer(op):
            times.append(0)
        else:
            times[-1] += op.time
    return tuple(
        Gap(works, time * factor)
        for works, time in zip(small_works(network), times, strict=True)
        if works
    )


def _belong(ops: list[Op], steps: list[Step]) -> bool:
    """Return whether operators of a profile can be these layers, in this order.

    XNNPACK calls depthwise convolutions DWConv, and nothing else.
    """
    if len(ops) != len(steps):
        return False
    return all(
        not op.delegated or ("DWConv" in op.name) == step.depthwise
        for op, step in zip(ops, steps, strict=True)
    )
