"""A checkpoint made hard to quantize: its channels differ in size, and it computes what it did.

Run: python benchmarks/spread.py MODEL OUT.onnx [--by 1000] [--only LAYER] [--seed 0]
     [--dead | --outliers]

Writes the graph of a shipped CIFAR-10 checkpoint with all channels that can be scaled multiplied by
random factors, which lie --by times apart at most, and the weights that read them divided by the
same: the outputs stay what they are. --only does it to what one layer computes, and what is tied to
it, by the name that `sensitivity` prints. --dead makes one channel of each value 1e9 times smaller
instead, in the same way.

--outliers multiplies one channel in front of every second SiLU by --by, and divides the weights
behind by it: the one that the depthwise convolution behind weighs least, so that it matters least
that SiLU is no line. That changes the network somewhat: compare with its own float file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx_ir as ir

from _edgeship.export import passes
from _edgeship.export.equalization.absorb_scales import Scales, absorb_scales
from _edgeship.export.equalization.channel_classes import channel_classes
from _edgeship.export.equalization.factors import FIXED
from _edgeship.export.graph.onnx_graph import float64_data, integer, serialize
from _edgeship.export.network.source import load_network
from _edgeship.export.sensitivity.layers import layers_of, named_layers
from _edgeship.export.simplify import simplify

#: How much smaller than before a dead channel is.
_DEAD = 1e-9


def graph_of(name: str) -> ir.Model:
    """Return the rewritten graph of a shipped checkpoint."""
    with load_network(name, weights="cifar10") as network:
        captured = simplify(network.definition.capture(network.shapes))
    return passes.rewrite(captured)[0]


def spread(model: ir.Model, by: float, seed: int = 0, only: str = "") -> ir.Model:
    """Return a graph that computes the same, whose channels lie up to ``by`` times apart.

    Args:
        model: The graph, which stays as it is.
        by: The most that two factors are apart.
        seed: Of the factors.
        only: The layer whose channels are scaled, with all that is tied to them; "" for all.
    """
    classes, rng = channel_classes(model), np.random.default_rng(seed)
    count = 1 + max(int(labels.max()) for labels in classes.values())
    factors = by ** rng.uniform(-0.5, 0.5, count)
    if only:
        [layer] = named_layers(layers_of(model), [only], "--only")
        factors[np.setdiff1d(np.arange(count), classes[layer.results[0]])] = 1.0
    factors[FIXED] = 1.0
    return absorb_scales(model, {name: factors[labels] for name, labels in classes.items()})


def dead(model: ir.Model) -> ir.Model:
    """Return a graph that computes the same, with one channel of each value 1e9 times smaller."""
    classes = channel_classes(model)
    factors = np.ones(1 + max(int(labels.max()) for labels in classes.values()))
    factors[[int(labels.flat[0]) for labels in classes.values()]] = _DEAD
    factors[FIXED] = 1.0
    return absorb_scales(model, {name: factors[labels] for name, labels in classes.items()})


def with_outliers(model: ir.Model, by: float) -> ir.Model:
    """Return a graph in which one channel of every second SiLU is ``by`` times as large.

    It computes something else: SiLU of that channel becomes nearly ReLU. So the channel is the one
    that a depthwise convolution behind weighs least.
    """
    scales: dict[str, Scales] = {}
    gates = [node for node in model.graph if node.op_type == "Sigmoid"]
    bent = [
        (node.inputs[0], use.node.outputs[0])
        for node in gates
        for use in node.outputs[0].uses()
        if use.node.op_type == "Mul" and node.inputs[0] in use.node.inputs
    ]
    for source, result in bent[::2]:
        behind = [use.node for use in result.uses() if integer(use.node, "group", 1) > 1]
        if source is None or not behind:
            continue
        weights = float64_data(behind[0].inputs[1])
        factors = np.ones((1, len(weights), 1, 1))
        factors[0, np.argmin(np.square(weights).sum(axis=(1, 2, 3)))] = by
        scales |= {str(source.name): factors, str(result.name): factors}
    return absorb_scales(model, scales)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--by", type=float, default=1000.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dead", action="store_true")
    parser.add_argument("--outliers", action="store_true")
    arguments = parser.parse_args()
    graph = graph_of(arguments.model)
    if arguments.dead:
        hard = dead(graph)
    elif arguments.outliers:
        hard = with_outliers(graph, arguments.by)
    else:
        hard = spread(graph, arguments.by, arguments.seed, arguments.only)
    arguments.out.write_bytes(serialize(hard))


if __name__ == "__main__":
    main()
