"""The targets that the cases go through, as a user's file does."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir

from tests.conformance.refusals import coreml as coreml_table
from tests.conformance.refusals import onnx as onnx_table
from tests.conformance.refusals import tflite as tflite_table
from tests.conformance.refusals.refusal import Refusal

Feeds = Mapping[str, np.ndarray]

#: The oldest iOS that packages are written for here.
IOS = 15


@dataclass(frozen=True)
class Target:
    """A way from an ONNX model to its outputs.

    Attributes:
        name: For people.
        compute: Compiles a model, runs what was written on these inputs, and returns the outputs.
        refusals: The cases that it cannot express.
        disputed: Cases that its runtime computes in another way than ONNX says.
    """

    name: str
    compute: Callable[[onnx.ModelProto, Feeds], Sequence[np.ndarray]]
    refusals: Sequence[Refusal]
    disputed: frozenset[str] = frozenset()


def tflite() -> Target:
    """A float32 .tflite file, run by LiteRT."""
    return Target("TFLite", _run_tflite, tflite_table.REFUSALS)


def coreml() -> Target:
    """A float32 .mlpackage, run by our evaluator."""
    from _edgeship.export.coreml.format.library import coremltools

    coremltools()
    # coremltools collects garbage in every conversion, which takes three times as long as the rest
    # if all that was imported is looked through.
    gc.freeze()
    return Target("Core ML", _run_package, coreml_table.REFUSALS)


def onnx_runtime() -> Target:
    """A float32 .onnx file, run by ONNX Runtime."""
    disputed = frozenset({"test_maxunpool_export_with_output_shape"})
    return Target("ONNX Runtime", _run_onnx, onnx_table.REFUSALS, disputed)


def prepared(model: onnx.ModelProto, inputs: Feeds) -> ir.Model:
    """The graph that every target starts from."""
    from _edgeship.export.preparation.prepare import prepare

    arrays = [value for value in inputs.values() if isinstance(value, np.ndarray)]
    shapes = [value.shape for value in arrays] if len(arrays) == len(inputs) else []
    return prepare(model, shapes).model


def _run_tflite(model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
    from _edgeship.export.runtimes.running import run_tflite
    from _edgeship.export.tflite.fold_frames import fold_frames
    from _edgeship.export.tflite.lowering import lower
    from _edgeship.export.tflite.writer import to_bytes, to_model

    folded, _ = fold_frames(prepared(model, inputs))
    lowered = lower(folded)
    data = to_bytes(to_model(lowered.graph, lowered.io, "case"))
    (outputs,) = run_tflite(data, [_as_fed(inputs, folded)], lowered.io)
    return outputs


def _run_package(model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
    from _edgeship.export.coreml.convert import convert
    from _edgeship.export.coreml.evaluator.reading import read_program
    from _edgeship.export.coreml.evaluator.running import run
    from _edgeship.export.coreml.format.package import package_of
    from _edgeship.export.coreml.judging import package_feeds
    from _edgeship.export.coreml.lowering import lower

    lowered = lower(prepared(model, inputs), IOS)
    feeds = package_feeds(lowered, inputs)
    results = run(read_program(package_of(convert(lowered, IOS, "float32"))), feeds)
    return [results[port.name] for port in lowered.io.outputs]


def _run_onnx(model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
    from _edgeship.export.onnx.deployment import deployable, to_bytes
    from _edgeship.export.runtimes.running import run_onnx

    graph = deployable(prepared(model, inputs))
    (outputs,) = run_onnx(to_bytes(ir.to_proto(graph)), [_as_fed(inputs, graph)])
    return [np.asarray(output) for output in outputs]


def _as_fed(inputs: Feeds, graph: ir.Model) -> dict[str, np.ndarray]:
    """The values in the types that the graph takes: what ONNX has in 16 bits is fed as float32."""
    types = {value.name: value.dtype for value in graph.graph.inputs}
    return {
        name: np.asarray(value).astype(dtype.numpy())
        for name, value in inputs.items()
        if (dtype := types.get(name)) is not None
    }


#: Word on the command line -> target.
TARGETS: dict[str, Callable[[], Target]] = {
    "tflite": tflite,
    "coreml": coreml,
    "onnx": onnx_runtime,
}
