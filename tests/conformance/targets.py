"""The targets that the cases go through, as a user's file does."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx_ir as ir

from tests.conformance.binding import Binding
from tests.conformance.preparing import Answer, Feeds, prepared
from tests.conformance.refusals import coreai as coreai_table
from tests.conformance.refusals import coreml as coreml_table
from tests.conformance.refusals import onnx as onnx_table
from tests.conformance.refusals import tflite as tflite_table
from tests.conformance.refusals.refusal import Refusal

#: For ONNX, indices count in the image that the windows make, for ONNX Runtime in the larger one
#: that is asked for. Files are verified against ONNX Runtime.
_LARGER = frozenset({"test_maxunpool_export_with_output_shape"})

#: Core AI's runtime on Linux adds one number after another: sums of some thousand lose a digit.
_ONE_BY_ONE = 5e-5


@dataclass(frozen=True)
class Target:
    """A way from an ONNX model to its outputs.

    Attributes:
        name: For people.
        compute: Compiles a model, runs what was written on these inputs, and returns the outputs.
        refusals: The cases that it cannot express.
        disputed: Cases that its runtime computes in another way than ONNX says.
        tolerances: Cases that its runtime computes less exactly -> the largest error allowed.
        together: Does for many models what `compute` does for one, and returns what that raises.
    """

    name: str
    compute: Callable[[onnx.ModelProto, Feeds], Sequence[np.ndarray]]
    refusals: Sequence[Refusal]
    disputed: frozenset[str] = frozenset()
    together: Callable[[Sequence[Binding]], list[Answer]] | None = None
    tolerances: Mapping[str, float] = field(default_factory=dict)

    def answers(self, ways: Sequence[Binding]) -> list[Answer]:
        """The outputs of each model, or what was raised instead."""
        return self.together(ways) if self.together else [self._answer(way) for way in ways]

    def _answer(self, way: Binding) -> Answer:
        try:
            return self.compute(way.model, way.inputs)
        except Exception as error:  # whatever it is, the result of the case says it
            return error


def tflite() -> Target:
    """A float32 .tflite file, run by LiteRT."""
    return Target("TFLite", _run_tflite, tflite_table.REFUSALS)


def coreml() -> Target:
    """A float32 .mlpackage, run by our evaluator."""
    from _edgeship.export.coreml.format.library import coremltools
    from tests.conformance.packages import PACKAGES

    coremltools()
    # coremltools collects garbage in every conversion, which takes three times as long as the rest
    # if all that was imported is looked through.
    gc.freeze()
    return Target("Core ML", PACKAGES.one, coreml_table.REFUSALS, _LARGER, PACKAGES.all)


def coreai() -> Target:
    """A float32 .aimodel folder, run by Apple's runtime."""
    from tests.conformance.aimodels import AIMODELS

    return Target(
        "Core AI",
        AIMODELS.one,
        coreai_table.REFUSALS,
        together=AIMODELS.all,
        tolerances={"test_nllloss_*": _ONE_BY_ONE, "test_sce_*": _ONE_BY_ONE},
    )


def onnx_runtime() -> Target:
    """A float32 .onnx file, run by ONNX Runtime."""
    return Target("ONNX Runtime", _run_onnx, onnx_table.REFUSALS, _LARGER)


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
    "coreai": coreai,
    "onnx": onnx_runtime,
}
