"""Everything `advise` knows about a network, computed from its steps."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.export.advice import roofline
from _edgeship.export.advice.blocks import Block, blocks
from _edgeship.export.advice.findings import Finding, find
from _edgeship.export.advice.steps import NetworkSteps, Step

#: What memory access is shared out among, in the order in which the shares are shown.
SHARES = (
    "convolutions and products",
    "depthwise convolutions",
    "element-wise",
    "pooling",
    "movement",
    "other",
)


@dataclass(frozen=True)
class LayerAdvice:
    """One convolution or matrix product.

    Attributes:
        step: What it is.
        bound: Least MAC of a 1x1 convolution with its mult-adds (G1), in values; None for others.
        intensity: Mult-adds per byte, at 4 bytes a value.
        attainable: The fraction of the peak arithmetic that memory lets it reach.
        modelled: Its fraction of the network's time under the roofline.
        guidelines: Those that it breaks.
    """

    step: Step
    bound: float | None
    intensity: float
    attainable: float
    modelled: float
    guidelines: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What the steps of a network show.

    Attributes:
        network: The steps.
        balance: Mult-adds per byte of the machine assumed.
        layers: The convolutions and matrix products, in order.
        blocks: The parts between values that everything flows through.
        shares: The fraction of the network's MAC that each of `SHARES` takes.
        fused_clamps: ReLUs and ReLU6s that cost nothing of their own.
        memory_bound: The fraction of the modelled time spent in steps that wait for memory.
        findings: Where guidelines are broken.
    """

    network: NetworkSteps
    balance: float
    layers: tuple[LayerAdvice, ...]
    blocks: tuple[Block, ...]
    shares: dict[str, float]
    fused_clamps: int
    memory_bound: float
    findings: tuple[Finding, ...]


def advise(network: NetworkSteps, balance: float = roofline.BALANCE) -> Advice:
    """Return what the steps show.

    Args:
        network: The steps.
        balance: Mult-adds per byte of the machine; see `roofline.BALANCE`.
    """
    parts = blocks(network.steps)
    findings = find(network, parts)
    times = [roofline.modelled_time(step, balance) for step in network.steps]
    whole = sum(times) or 1.0
    waiting = sum(
        time
        for step, time in zip(network.steps, times, strict=True)
        if (roofline.attainable(step, balance) or 0.0) < 1
    )
    broken: dict[str, list[str]] = {}
    for finding in findings:
        broken.setdefault(finding.layer, []).append(finding.guideline)
    return Advice(
        network=network,
        balance=balance,
        layers=tuple(
            LayerAdvice(
                step=step,
                bound=_bound(step),
                intensity=roofline.intensity(step) or 0.0,
                attainable=roofline.attainable(step, balance) or 0.0,
                modelled=time / whole,
                guidelines=tuple(sorted(broken.get(step.name, ()))),
            )
            for step, time in zip(network.steps, times, strict=True)
            if step.kind == "layer"
        ),
        blocks=parts,
        shares=_shares(network),
        fused_clamps=sum(step.fused for step in network.steps),
        memory_bound=waiting / whole,
        findings=findings,
    )


def _bound(step: Step) -> float | None:
    from _edgeship.models.complexity import access_bound

    there = step.convolution
    if there is None or not there.pointwise:
        return None
    return access_bound(there.mult_adds, there.places_in)


def _shares(network: NetworkSteps) -> dict[str, float]:
    whole = network.memory_access or 1
    shares = dict.fromkeys(SHARES, 0.0)
    for step in network.steps:
        shares[_taker(step)] += step.memory_access / whole
    return shares


def _taker(step: Step) -> str:
    if step.depthwise:
        return "depthwise convolutions"
    if step.kind == "layer":
        return "convolutions and products"
    return step.kind if step.kind in SHARES else "other"
