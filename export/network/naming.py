"""What the files call a network's inputs and outputs: names that every format can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.network.network import Network
from _edgeship.export.network.port_names import fed_inputs, rename_ports, unused
from _edgeship.export.network.valid_names import valid
from _edgeship.export.network.wrapper import Wrapper
from _edgeship.export.preparation.inputs import OPEN_BATCH

if TYPE_CHECKING:
    from _edgeship.export.detection.heads import Head
    from _edgeship.export.graph.shapes import Shape
    from _edgeship.export.network.definition import Definition
    from _edgeship.export.runtimes.values import Outputs, Sample


def named(
    network: Network, graph: ir.Model, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> tuple[Network, ir.Model]:
    """Return a network and its graph with the names that files are to have.

    Args:
        network: As it was captured.
        graph: What was captured; it is not changed.
        inputs: A name for each of its inputs; none for its own, as far as they are valid.
        outputs: Likewise for its outputs.

    Returns:
        Both, with these names.

    Raises:
        InputError: There are more or fewer names than inputs or outputs.
    """
    own_inputs = [value.name or "" for value in fed_inputs(graph.graph)]
    own_outputs = [value.name or "" for value in graph.graph.outputs]
    _demand_count(inputs, own_inputs, "--input-names", "input")
    _demand_count(outputs, own_outputs, "--output-names", "output")
    taken: set[str] = {*inputs, *outputs}
    # Names that the user gives stay as they are; the network's own give way to them.
    new_inputs = list(inputs) or [unused(valid(name, "input"), taken) for name in own_inputs]
    new_outputs = list(outputs) or [unused(valid(name, "output"), taken) for name in own_outputs]
    if (new_inputs, new_outputs) == (own_inputs, own_outputs):
        return network, graph
    graph = ir.from_proto(ir.to_proto(graph))
    renamed = rename_ports(graph, new_inputs, new_outputs)
    opened = graph.metadata_props.get(OPEN_BATCH)
    if opened:
        names = ",".join(renamed.get(name, name) for name in opened.split(","))
        graph.metadata_props[OPEN_BATCH] = names
    names_of_inputs = dict(zip(new_inputs, own_inputs, strict=True))
    definition = Named(network.definition, names_of_inputs, renamed)
    given = None if network.given is None else network.given.renamed(renamed)
    return replace(network, definition=definition, given=given), graph


def own_names(network: Network) -> Mapping[str, str]:
    """Return name of an input -> what the network itself calls it, where that is known."""
    definition = network.definition
    return definition.inputs if isinstance(definition, Named) else {}


def _demand_count(given: Sequence[str], own: Sequence[str], option: str, kind: str) -> None:
    if given and len(given) != len(own):
        one = len(own) == 1
        raise InputError(
            f"{option} gives {len(given)} names, and the network has {len(own)} "
            f"{kind}{'' if one else 's'}: {', '.join(own)}.",
            todo=f"give {'one name' if one else f'{len(own)} names'}, in this order",
        )


@dataclass(frozen=True)
class Named(Wrapper):
    """A network whose inputs and outputs have other names; see `definition.Definition`.

    Attributes:
        whole: The network as it is.
        inputs: Name of an input -> what the network itself calls it.
        renamed: Name of a value of the network's graph -> its name now.
    """

    whole: Definition
    inputs: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_graph(self) -> bool:
        """Whether it is itself what was captured."""
        return self.whole.is_graph

    @property
    def heads(self) -> Sequence[Head]:
        """The outputs that were taken apart, with the names of the parts as they are now."""
        return [head.renamed(self.renamed) for head in self.whole.heads]

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the graph with the network's own names."""
        return self.whole.capture(shapes)

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs per sample."""
        return self.whole.run(self._own(samples))

    def run_batches(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs for batches of any size."""
        return self.whole.run_batches(self._own(samples))

    def _own(self, samples: Sequence[Sample]) -> list[Sample]:
        return [
            {self.inputs.get(name, name): array for name, array in sample.items()}
            for sample in samples
        ]
