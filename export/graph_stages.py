"""The stages that every target shares, each compared with the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from _edgeship.errors import VerificationError
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.network.naming import named
from _edgeship.export.network.network import Network

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.preparation.given import Given
    from _edgeship.export.runtimes.values import Outputs, Sample


#: How many samples a graph is compared on: it computes the same or it does not. Files, whose
#: numbers are rounded, are compared on all.
GRAPH_SAMPLES = 4


def capture(
    network: Network,
    log: StageLog,
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
) -> tuple[Network, ir.Model]:
    """Return the network as an ONNX graph with static shapes.

    Args:
        network: The network.
        log: Where the stage is told.
        input_names: What files are to call its inputs; empty for its own names.
        output_names: Likewise its outputs.

    Returns:
        The network with the names that files give its inputs and outputs, and its graph.

    Raises:
        InputError: The network does not run on inputs of its shapes, or has more or fewer inputs
            or outputs than names are given.
        UnsupportedError: It cannot be expressed in ONNX.
    """
    definition = network.definition
    with log.stage("capture"):
        captured = definition.capture(network.shapes)
        nodes = f"ONNX opset {captured.opset_imports.get('')}, {captured.graph.num_nodes()} nodes"
        folded = ", branches folded by reparameterize()" if definition.folds else ""
        traced = (
            f"torch.export cannot take the network, so it was traced: {definition.traced}"
            if definition.traced
            else ""
        )
        found = named(network, captured, input_names, output_names)
        log.done(nodes + folded, warning=traced)
    return found


def reference_outputs(
    network: Network, captured: ir.Model, samples: Sequence[Sample], log: StageLog
) -> tuple[Outputs, Outputs | None]:
    """Return what every later stage is compared with: torch's outputs, or the ONNX file's own.

    Of a file that computes in fewer bits than the captured graph, it is the graph's outputs. How
    far these are from those of a quantized file is said, and not judged, where `confirm_scales`
    will put the rounding back and judge that.

    Returns:
        These outputs, and those of a file that was quantized before, which files with its scales
        are compared with.

    Raises:
        VerificationError: The captured graph computes something else than the network.
    """
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.runtimes.running import run_onnx
    from _edgeship.export.verification.demand import demand
    from _edgeship.export.verification.metrics import compare

    definition, given = network.definition, network.given
    with log.stage("verify capture", noise=given is not None):
        reference = definition.run(samples)
        if definition.is_graph:
            log.done("ONNX Runtime runs the graph; later stages are compared with it")
            return reference, None
        kind = definition.capture_kind
        # Of a file that computes in fewer bits, the graph's outputs are the reference.
        compared = samples[:GRAPH_SAMPLES] if kind == "float" else samples
        outputs = run_onnx(serialize(captured), compared)
        if given is not None and given.activations:
            parity = compare(reference[: len(outputs)], outputs)
            log.done("the float network in the quantized file", parity)
        else:
            parity = demand(reference[: len(outputs)], outputs, kind, "capture")
            log.done(f"ONNX Runtime against {definition.reference}", parity)
    if kind == "float":
        return reference, None
    return outputs, None if given is None else reference


def confirm_scales(
    network: Network,
    captured: ir.Model,
    graph: ir.Model,
    samples: Sequence[Sample],
    original: Outputs | None,
    log: StageLog,
) -> Given | None:
    """Return the scales of a file that was quantized before, as far as they hold after rewriting.

    Raises:
        VerificationError: The graph, rounded by them, computes something else than the file.
    """
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.preparation.requantized import confirm, requantize
    from _edgeship.export.runtimes.running import run_onnx
    from _edgeship.export.verification.demand import demand

    if network.given is None or original is None:
        return None
    with log.stage("scales of the file"):
        given, lost = confirm(network.given, captured, graph, samples)
        outputs = run_onnx(serialize(requantize(captured, network.given)), samples, plain=True)
        parity = demand(original, outputs, "int8", "scales of the file")
        rest = f"; {lost} belong to values that rewriting replaced" if lost else ""
        log.done(f"{given}{rest}; the graph rounded by them against the file", parity)
    if network.given.activations:
        log.notes.append(
            "The network was quantized before. Files of the same width take its scales and are "
            "compared with the quantized file; all others hold its float network."
        )
    return given


def simplify(captured: ir.Model, log: StageLog) -> ir.Model:
    """Return the simplified graph, which is compared with the network when it is rewritten."""
    from _edgeship.export.simplify import simplify as clean_up

    with log.stage("simplify"):
        simplified = clean_up(captured)
        log.done(f"{captured.graph.num_nodes()} -> {simplified.graph.num_nodes()} nodes")
    return simplified


def rewrite(
    graph: ir.Model, samples: Sequence[Sample], reference: Outputs, log: StageLog
) -> ir.Model:
    """Return the simplified graph after our own passes.

    Raises:
        VerificationError: If a pass, or simplifying, changed what it computes.
    """
    from _edgeship.export.passes import rewrite as run_passes
    from _edgeship.export.verification.demand import demand

    with log.stage("rewrite"):
        rewritten, changes = run_passes(graph)
        detail = ", ".join(f"{name} {count}" for name, count in changes.items())
        few = reference[:GRAPH_SAMPLES]
        try:
            parity = demand(few, _outputs(rewritten, samples), "float", "rewrite")
        except VerificationError:
            demand(few, _outputs(graph, samples), "float", "simplify")
            raise
        log.done(detail or "nothing to change", parity)
    return rewritten


def _outputs(graph: ir.Model, samples: Sequence[Sample]) -> Outputs:
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.runtimes.running import run_onnx

    return run_onnx(serialize(graph), samples[:GRAPH_SAMPLES])
