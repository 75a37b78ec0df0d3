"""If, Loop and Scan become the nodes that they run, where that is known before running."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.preparation import refusals
from _edgeship.export.preparation.rules import DONE, Site, following, replaces

Values = Sequence[ir.Value | None]

#: More nodes than any of the files that are known has; a larger count is a loop over data.
_MOST_NODES = 10_000


@replaces("If")
def branch(node: ir.Node, site: Site) -> Values:
    """The branch that is taken; both and a Where, if what the network is fed decides."""
    then, otherwise = (node.attributes[f"{name}_branch"].as_graph() for name in ("then", "else"))
    condition = site.knowledge.array(node.inputs[0])
    if condition is not None:
        return _run(then if condition.reshape(-1)[0] else otherwise, [], site)
    pairs = list(zip(_run(then, [], site), _run(otherwise, [], site), strict=True))
    for one, other in pairs:
        if one in site.knowledge.sequences or other in site.knowledge.sequences:
            raise refusals.undecided(node, "its branches give sequences")
        if one.shape is None or one.shape != getattr(other, "shape", None):
            raise refusals.undecided(node, "its branches give different shapes")
    site.note(
        f"{refusals.where(node)}: both branches of this If are computed, and the result is chosen."
    )
    return [site.op("Where", node.inputs[0], one, other) for one, other in pairs]


@replaces("Loop")
def loop(node: ir.Node, site: Site) -> Values:
    """Its body, as many times as it runs."""
    body = node.attributes["body"].as_graph()
    count = _trip_count(node, site)
    going = _is_true(node, node.inputs[1] if len(node.inputs) > 1 else None, site)
    carried: list[ir.Value] = [_given(node, value) for value in node.inputs[2:]]
    _demand_inputs(node, body, 2 + len(carried), 1 + len(carried))
    collected: list[list[ir.Value]] = [[] for _ in range(len(body.outputs) - 1 - len(carried))]
    turn = 0
    while going and (count is None or turn < count):
        _check_size(node, body, turn)
        index, true = site.constant(np.array(turn, np.int64)), site.constant(np.array(True))
        again, *found = _run(body, [index, true, *carried], site)
        carried, scanned = found[: len(carried)], found[len(carried) :]
        for values, value in zip(collected, scanned, strict=True):
            values.append(value)
        turn += 1
        going = _is_true(node, again, site)
    if collected and not turn:
        raise refusals.undecided(node, "it runs no time, so its outputs have no elements")
    return [*carried, *(_stacked(values, 0, site) for values in collected)]


@replaces("Scan", before=9)
def old_scan(node: ir.Node, site: Site) -> Values:
    """The first form of Scan, which went over the rows of a batch, each along its first axis."""
    if node.inputs[0] is not None:
        raise refusals.undecided(node, "it has lengths of sequences")
    body = node.attributes["body"].as_graph()
    count = integer(node, "num_scan_inputs", 1)
    given = [_given(node, value) for value in node.inputs[1:]]
    _demand_scanned(node, body, count, len(given))
    backwards = _options(node, "directions", count)
    rows = []
    for row in range(site.shape(given[-1])[0]):
        entries = [_entry(value, 0, row, site) for value in given]
        states, collected = _turns(
            node, body, entries[:-count], entries[-count:], [0] * count, backwards, site
        )
        rows.append([*states, *(_stacked(values, 0, site) for values in collected)])
    return [_stacked(values, 0, site) for values in zip(*rows, strict=True)]


@replaces("Scan")
def scan(node: ir.Node, site: Site) -> Values:
    """Its body, once for every entry along the axis that it scans."""
    body = node.attributes["body"].as_graph()
    count = integer(node, "num_scan_inputs", 1)
    _demand_scanned(node, body, count, len(node.inputs))
    states = [_given(node, value) for value in node.inputs[: len(node.inputs) - count]]
    scanned = [_given(node, value) for value in node.inputs[len(states) :]]
    axes = _options(node, "scan_input_axes", count)
    backwards = _options(node, "scan_input_directions", count)
    axes = [axis % len(site.shape(value)) for axis, value in zip(axes, scanned, strict=True)]
    states, collected = _turns(node, body, states, scanned, axes, backwards, site)
    outputs = len(collected)
    ends = _options(node, "scan_output_directions", outputs)
    places = _options(node, "scan_output_axes", outputs)
    return [
        *states,
        *(
            _stacked(values[::-1] if back else values, axis, site)
            for values, back, axis in zip(collected, ends, places, strict=True)
        ),
    ]


def _demand_scanned(node: ir.Node, body: ir.Graph, count: int, inputs: int) -> None:
    if not 1 <= count <= inputs:
        raise refusals.does_not_fit(node, f"it scans {count} of {inputs} inputs")
    _demand_inputs(node, body, inputs, inputs - count)


def _turns(
    node: ir.Node,
    body: ir.Graph,
    states: list[ir.Value],
    scanned: list[ir.Value],
    axes: list[int],
    backwards: list[int],
    site: Site,
) -> tuple[list[ir.Value], list[list[ir.Value]]]:
    """Return the last states of a Scan, and what each turn gave for each of its other outputs."""
    length = site.shape(scanned[0])[axes[0]]
    collected: list[list[ir.Value]] = [[] for _ in range(len(body.outputs) - len(states))]
    for turn in range(length):
        _check_size(node, body, turn)
        entries = [
            _entry(value, axis, length - 1 - turn if back else turn, site)
            for value, axis, back in zip(scanned, axes, backwards, strict=True)
        ]
        found = _run(body, [*states, *entries], site)
        states = found[: len(states)]
        for values, value in zip(collected, found[len(states) :], strict=True):
            values.append(value)
    return states, collected


@replaces("SequenceMap")
def sequence_map(node: ir.Node, site: Site) -> Values | None:
    """Its body, once for every member of the sequences."""
    body = node.attributes["body"].as_graph()
    given = [_given(node, value) for value in node.inputs]
    members = [site.knowledge.sequences.get(value) for value in given]
    _demand_inputs(node, body, len(given), len(node.outputs))
    if members[0] is None:
        return None
    results: list[list[ir.Value]] = [[] for _ in node.outputs]
    for turn in range(len(members[0])):
        inputs = [
            value if held is None else held[turn]
            for value, held in zip(given, members, strict=True)
        ]
        for collected, value in zip(results, _run(body, inputs, site), strict=True):
            collected.append(value)
    site.knowledge.sequences.update(zip(node.outputs, results, strict=True))
    return DONE


def _demand_inputs(node: ir.Node, body: ir.Graph, count: int, outputs: int) -> None:
    """Check that a body takes as many values as its node gives, and gives as many as it needs.

    Raises:
        InputError: It does not.
    """
    if len(body.inputs) != count:
        why = f"its body takes {len(body.inputs)} inputs, and is given {count}"
        raise refusals.does_not_fit(node, why)
    if len(body.outputs) < outputs:
        why = f"its body gives {len(body.outputs)} outputs, and should give {outputs}"
        raise refusals.does_not_fit(node, why)


def _run(body: ir.Graph, inputs: Sequence[ir.Value], site: Site) -> list[ir.Value]:
    """Add a copy of a body's nodes and return what its outputs are."""
    copied = body.clone(allow_outer_scope_values=True)
    nodes = list(copied)
    with following(copied.outputs) as current:
        copied.outputs.clear()
        copied.remove(nodes)
        for own, given in zip(copied.inputs, inputs, strict=True):
            ir.convenience.replace_all_uses_with(own, given)
        site.rename(nodes)
        site.copy(nodes)
        return current()


def _trip_count(node: ir.Node, site: Site) -> int | None:
    """Return how often a Loop may run, or None if only its condition says."""
    value = node.inputs[0]
    if value is None:
        return None
    found = site.knowledge.integers(value)
    if found is None:
        raise refusals.undecided(node, f"how often it runs, {value.name}, depends on the data")
    return found[0]


def _is_true(node: ir.Node, condition: ir.Value | None, site: Site) -> bool:
    if condition is None:
        return True
    found = site.knowledge.array(condition)
    if found is None:
        raise refusals.undecided(node, f"its condition {condition.name} depends on the data")
    return bool(found.reshape(-1)[0])


def _check_size(node: ir.Node, body: ir.Graph, turn: int) -> None:
    if (turn + 1) * len(body) > _MOST_NODES:
        raise refusals.undecided(node, f"unrolled, it has more than {_MOST_NODES} nodes")


def _entry(value: ir.Value, axis: int, index: int, site: Site) -> ir.Value:
    bounds = [site.constant(np.array([each], np.int64)) for each in (index, index + 1, axis)]
    return site.op("Squeeze", site.op("Slice", value, *bounds), bounds[2])


def _stacked(values: Sequence[ir.Value], axis: int, site: Site) -> ir.Value:
    """Return tensors along a new axis."""
    at = site.constant(np.array([axis], np.int64))
    rows = [site.op("Unsqueeze", value, at) for value in values]
    return rows[0] if len(rows) == 1 else site.op("Concat", *rows, axis=axis)


def _options(node: ir.Node, name: str, count: int) -> list[int]:
    attribute = node.attributes.get(name)
    return [0] * count if attribute is None else list(attribute.as_ints())


def _given(node: ir.Node, value: ir.Value | None) -> ir.Value:
    if value is None:
        raise refusals.does_not_fit(node, "an input that its body reads is left out")
    return value
