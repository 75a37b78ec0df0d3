"""Which layers break a guideline of the ShuffleNet V2 paper, and what would mend it.

arXiv 1807.11164, section 2. Each proposal keeps the mult-adds, up to the rounding of channels, as
the paper's Tables 1 to 4 do; what it saves is memory access, in values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from _edgeship.export.advice.blocks import Block
from _edgeship.export.advice.steps import Convolution, NetworkSteps, Step

#: A layer breaks G1 or G2 if its MAC is this many times what equal mult-adds need. In Table 1 the
#: row 1:2 is at 1.06 and was 5 % (ARM) and 14 % (GPU) slower than 1:1; 1:6 at 1.43, 10 % and 69 %.
EXCESS = 1.1

#: An element-wise step is named if it has at least this share of the network's MAC.
SHARE = 0.01

#: From this many operators side by side on, a block breaks G3 whatever they are.
BRANCHES = 3

_ACTIVATION = "ReLU or ReLU6 instead, which a convolution computes while it writes"

_GATES = ("Sigmoid", "HardSigmoid", "LOGISTIC")

# Operators of one input and perhaps a constant that are not activations.
_ARITHMETIC = ("ABS", "ADD", "DIV", "EXP", "LOG", "MUL", "NEG", "POW", "RSQRT", "SQRT", "SUB")


@dataclass(frozen=True)
class Finding:
    """A place where a guideline is broken.

    Attributes:
        guideline: "G1" to "G4".
        layer: Name of the step, or of the block for G3.
        what: What is there.
        mend: What could stand there at the same mult-adds.
        avoidable: MAC that the mend saves, in values; None where that depends on how it is done.
        before: The steps that the mend changes; none where that depends on how it is done.
        after: What stands there afterwards; none if they are left out.
    """

    guideline: str
    layer: str
    what: str
    mend: str
    avoidable: int | None
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def find(network: NetworkSteps, blocks: Sequence[Block]) -> tuple[Finding, ...]:
    """Return all findings, those that save the most memory access first."""
    merging = list(_mergeable(blocks))
    merged_away = {name for found, additions in merging for name in additions}
    found = [
        *_layers(network.steps),
        *(finding for finding, _ in merging),
        *_wide(blocks, {finding.layer for finding, _ in merging}),
        *(finding for finding in _element_wise(network) if finding.layer not in merged_away),
    ]
    return tuple(sorted(found, key=lambda finding: -(finding.avoidable or 0)))


def ungrouped(convolution: Convolution) -> Convolution:
    """Return the convolution of one group with about the same mult-adds and channel ratio."""
    c1, c2, groups = convolution.in_channels, convolution.out_channels, convolution.groups
    return replace(
        convolution,
        in_channels=max(1, math.isqrt(c1 * c1 // groups)),
        out_channels=max(1, math.isqrt(c2 * c2 // groups)),
        groups=1,
    )


def balanced(convolution: Convolution) -> Convolution:
    """Return the convolution with as many channels going in as out, at about the same mult-adds."""
    groups = convolution.groups
    width = math.isqrt(convolution.in_channels * convolution.out_channels)
    width = max(groups, width // groups * groups)
    return replace(convolution, in_channels=width, out_channels=width)


def _layers(steps: Sequence[Step]) -> Iterator[Finding]:
    computed = {value for step in steps for value in step.outputs}
    for step in steps:
        there = step.convolution
        if there is None or there.depthwise or there.transposed:
            continue
        # The channels of the network's input cannot be changed.
        mendable = computed.issuperset(step.inputs)
        if mendable and there.pointwise and _exceeds(there, balanced(there)):
            mend = balanced(there)
            yield Finding(
                "G1",
                step.name,
                f"{there.in_channels} -> {there.out_channels} channels, {_ratio(there)}",
                f"{mend.in_channels} -> {mend.out_channels} channels: {_saving(there, mend)}",
                there.memory_access - mend.memory_access,
                (step,),
                (_changed(step, mend),),
            )
        if there.groups > 1 and _exceeds(there, ungrouped(there)):
            mend = ungrouped(there)
            yield Finding(
                "G2",
                step.name,
                f"{there.groups} groups of {there.in_channels // there.groups} -> "
                f"{there.out_channels // there.groups} channels",
                f"1 group, {mend.in_channels} -> {mend.out_channels} channels: "
                f"{_saving(there, mend)}",
                there.memory_access - mend.memory_access,
                (step,),
                (_changed(step, mend),),
            )


def _changed(step: Step, convolution: Convolution) -> Step:
    """Return a convolution's step with another geometry."""
    written = convolution.places_out * convolution.out_channels
    return replace(
        step,
        convolution=convolution,
        mult_adds=convolution.mult_adds,
        read=convolution.memory_access - written,
        written=written,
    )


def _exceeds(there: Convolution, mend: Convolution) -> bool:
    return there.memory_access > EXCESS * mend.memory_access


def _ratio(convolution: Convolution) -> str:
    c1, c2 = convolution.in_channels, convolution.out_channels
    return f"1:{c2 / c1:.3g}" if c2 > c1 else f"{c1 / c2:.3g}:1"


def _saving(there: Convolution, mend: Convolution) -> str:
    access = 1 - mend.memory_access / there.memory_access
    cost = mend.mult_adds / there.mult_adds - 1
    return f"{access:.0%} less memory access, mult-adds {cost:+.1%}"


def _wide(blocks: Sequence[Block], merging: set[str]) -> Iterator[Finding]:
    """Yield the blocks with many branches, except those of which a merging is known."""
    for block in blocks:
        if block.branches >= BRANCHES and merging.isdisjoint(step.name for step in block.steps):
            yield Finding(
                "G3",
                block.name,
                f"{block.branches} operators side by side, {block.fragments} in the block",
                f"fewer and wider ones: a convolution of sqrt({block.branches}) times the channels "
                f"has the mult-adds of {block.branches} equal ones",
                None,
            )


def _mergeable(blocks: Sequence[Block]) -> Iterator[tuple[Finding, tuple[str, ...]]]:
    """Yield each set of convolutions that could be one without any change of the results.

    Yields:
        The finding, and the names of the additions that the merged convolution makes needless.
    """
    for block in blocks:
        for first, steps in _alike(block.steps):
            others = ", ".join(step.name for step in steps[1:])
            what = f"reads the same values through the same windows as {others}"
            additions = _additions(steps, block.steps)
            if additions:
                everything = sum(step.memory_access for step in (*steps, *additions))
                mend = "only their sum is used: one convolution with the sum of their weights"
                avoidable = everything - first.memory_access
                merged = first
            else:
                mend = "one convolution with the channels of all, then split: one reading of them"
                avoidable = (len(steps) - 1) * first.in_channels * first.places_in
                channels = sum(step.convolution.out_channels for step in steps if step.convolution)
                merged = replace(first, out_channels=channels)
            names = tuple(step.name for step in additions)
            before, after = (*steps, *additions), (_changed(steps[0], merged),)
            yield Finding("G3", steps[0].name, what, mend, avoidable, before, after), names


def _alike(steps: Sequence[Step]) -> list[tuple[Convolution, list[Step]]]:
    """Return the convolutions of one group that read the same values through the same windows.

    Returns:
        For each set of them the geometry of its first, and the steps.
    """
    alike: dict[tuple[object, ...], tuple[Convolution, list[Step]]] = {}
    for step in steps:
        there = step.convolution
        # Where the strides are not known, nobody knows whether they agree.
        if there is None or there.groups > 1 or there.transposed or not there.strides:
            continue
        key = (step.inputs, there.kernel, there.strides, there.dilations, there.places_out)
        alike.setdefault(key, (there, []))[1].append(step)
    return [(first, found) for first, found in alike.values() if len(found) > 1]


def _additions(layers: Sequence[Step], steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the additions that sum up all results; nothing if anything else reads them."""
    open_values = {layer.outputs[0] for layer in layers}
    used = []
    for step in steps:
        if step in layers or not open_values.intersection(step.inputs):
            continue
        if step.op not in ("Add", "Sum") or not open_values.issuperset(step.inputs):
            return ()
        used.append(step)
        open_values = (open_values - set(step.inputs)) | set(step.outputs)
        if len(open_values) == 1:
            return tuple(used)
    return ()


def _element_wise(network: NetworkSteps) -> Iterator[Finding]:
    least = SHARE * network.memory_access
    makers = {value: step for step in network.steps for value in step.outputs}
    for step in network.steps:
        if step.kind != "element-wise" or step.memory_access < max(least, 1):
            continue
        share = step.memory_access / network.memory_access
        yield Finding(
            "G4",
            step.name,
            f"{step.op}, {share:.1%} of the network's memory access and no mult-adds",
            _ACTIVATION if _gates_itself(step, makers) else _without(step),
            step.memory_access,
            (step,),
        )


def _gates_itself(step: Step, makers: Mapping[str, Step]) -> bool:
    """Return whether a step multiplies a value by its own gate, as SiLU does: x * sigmoid(x)."""
    if step.op.upper() != "MUL":
        return False
    gates = [makers[value] for value in step.inputs if value in makers]
    return any(gate.op in _GATES and set(gate.inputs) < set(step.inputs) for gate in gates)


def _without(step: Step) -> str:
    """Return what could be done without an element-wise step; mult-adds do not change."""
    op = step.op.upper()
    if op in ("ADD", "SUM", "ADD_N") and len(step.inputs) > 1:
        return "split the channels, and concatenate the half left alone, instead of adding"
    if op == "MUL" and len(step.inputs) > 1:
        return "leave the scaling out where the map is large, and keep it in later stages"
    if step.clamp:
        return "put it directly behind a convolution, which then clamps while it writes"
    if op == "BATCHNORMALIZATION":
        return "put it directly behind a convolution, into which it is folded"
    if op in ("QUANTIZE", "DEQUANTIZE"):
        return "give both sides the same type and scale"
    if len(step.inputs) > 1 or op in _ARITHMETIC:
        return "leave it out, or do it where the map is smaller"
    return _ACTIVATION
