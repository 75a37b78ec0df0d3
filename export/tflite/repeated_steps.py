"""One range for what the steps of an unrolled recurrence compute at the same place.

A recurrent layer is written as the same operators once for each step, with the same weights.
Ranges that are measured step by step see but one row of a sample each, so that others exceed them,
and what is cut off in a state stays in it. All steps together see the whole sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.tflite.objects import kind_of, name_of
from _edgeship.export.tflite.shared_ranges import width
from _edgeship.export.tflite.weight_bounds import WEIGHTED

#: Fewer products with one weight are no recurrence.
_LEAST_STEPS = 3

#: A tensor gets no range that is wider than this many times its own, which costs a bit and a half:
#: it is no step like the others, but perhaps of a layer that a deeper one shares its weights with.
_WIDER = 3.0


def join_steps(model: Any, ranges: Ranges) -> Ranges:
    """Return the ranges with those of repeated steps made equal: the widest.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> measured (min, max).
    """
    steps = _steps(model)
    recurrent = [group for group in _of_one_weight(steps) if _leads_to_another(steps, group)]
    if not recurrent:
        return ranges
    sets = DisjointSets[int]()
    for group in recurrent:
        for member in group[1:]:
            sets.join(group[0].outputs[0], member.outputs[0])
            source = WEIGHTED[member.kind].source
            sets.join(group[0].inputs[source], member.inputs[source])
    while _join_alike(steps, sets):
        pass
    names = [name_of(tensor) for tensor in model.subgraphs[0].tensors]
    joined = dict(ranges)
    for members in sets.all():
        own = [names[index] for index in members if names[index] in ranges]
        if len(own) > 1:
            widest = min(ranges[n][0] for n in own), max(ranges[n][1] for n in own)
            alike = [name for name in own if width(widest) <= _WIDER * width(ranges[name])]
            joined.update(dict.fromkeys(alike, widest))
    return joined


@dataclass(frozen=True)
class _Step:
    """An operator; ``constants`` are its inputs that are known, by what they hold."""

    kind: int
    activation: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    constants: dict[int, bytes]


def _steps(model: Any) -> list[_Step]:
    graph = model.subgraphs[0]
    known: dict[int, bytes] = {}
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            known[index] = bytes(data)
    return [
        _Step(
            kind_of(model, op),
            int(getattr(op.builtinOptions, "fusedActivationFunction", 0)),
            [int(i) for i in op.inputs],
            [int(i) for i in op.outputs],
            {int(i): known[int(i)] for i in op.inputs if int(i) in known},
        )
        for op in graph.operators
    ]


def _of_one_weight(steps: Sequence[_Step]) -> list[list[_Step]]:
    """Return the products with equal weights, as many as steps at a time."""
    groups: dict[Hashable, list[_Step]] = {}
    for step in steps:
        layout = WEIGHTED.get(step.kind)
        weight = None if layout is None else step.constants.get(step.inputs[layout.weight])
        if weight is not None:
            groups.setdefault((step.kind, weight), []).append(step)
    return [group for group in groups.values() if len(group) >= _LEAST_STEPS]


def _leads_to_another(steps: Sequence[_Step], group: Sequence[_Step]) -> bool:
    """Return whether what the first one computes is read by another, on whatever way."""
    reached = set(group[0].outputs)
    for step in steps:
        if not reached.isdisjoint(step.inputs):
            if step in group:
                return True
            reached.update(step.outputs)
    return False


def _join_alike(steps: Sequence[_Step], sets: DisjointSets[int]) -> bool:
    """Join what operators make that read joined tensors; return whether there was any to join.

    Equal operators that read the same tensor are told apart by their order.
    """
    found: dict[Hashable, _Step] = {}
    changed = False
    times: Counter[Hashable] = Counter()
    for step in steps:
        for place, index in enumerate(step.inputs):
            if index in step.constants or len(sets.members(index)) == 1:
                continue
            others = tuple(step.constants.get(other) for other in step.inputs)
            reading = (step.kind, step.activation, place, others)
            times[index, reading] += 1
            key = (sets.root(index), reading, times[index, reading])
            first = found.setdefault(key, step)
            for a, b in zip(first.outputs, step.outputs, strict=True):
                if sets.root(a) != sets.root(b):
                    sets.join(a, b)
                    changed = True
    return changed
