"""The targets that the cases go through."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from tests.conformance.refusals import coreml as coreml_table
from tests.conformance.refusals import tflite as tflite_table
from tests.conformance.refusals.refusal import Refusal

Feeds = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Target:
    """A way from an ONNX model to its outputs.

    Attributes:
        name: For people.
        operators: What its table of lowerings holds.
        compute: Compiles a model, runs what was written on these inputs, and returns the outputs.
        refusals: The cases that it cannot express.
    """

    name: str
    operators: Collection[str]
    compute: Callable[[onnx.ModelProto, Feeds], Sequence[np.ndarray]]
    refusals: Sequence[Refusal]


def tflite() -> Target:
    """A float32 .tflite file, run by LiteRT."""
    from _edgeship.export.tflite.ops import LOWERINGS
    from tests.export.tflite.ops.harness import lower_model, run_lowered

    return Target(
        name="TFLite",
        operators=frozenset(LOWERINGS),
        compute=lambda model, inputs: run_lowered(lower_model(model), inputs),
        refusals=tflite_table.REFUSALS,
    )


def coreml() -> Target:
    """A float32 .mlpackage for iOS 15, run by our evaluator."""
    from _edgeship.export.coreml.format.library import coremltools
    from _edgeship.export.coreml.ops import LOWERINGS

    coremltools()
    # coremltools collects garbage in every conversion, which takes three times as long as the rest
    # if all that was imported is looked through.
    gc.freeze()
    return Target(
        name="Core ML",
        operators=frozenset(LOWERINGS),
        compute=_run_package,
        refusals=coreml_table.REFUSALS,
    )


def _run_package(model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
    from _edgeship.export.coreml.convert import convert
    from _edgeship.export.coreml.evaluator.reading import read_program
    from _edgeship.export.coreml.evaluator.running import run
    from _edgeship.export.coreml.format.package import package_of
    from tests.export.coreml.ops.harness import lower_model

    ios = 15
    lowered = lower_model(model, ios)
    feeds = {p.name: inputs[p.onnx_name].astype(p.dtype) for p in lowered.io.inputs}
    results = run(read_program(package_of(convert(lowered, ios, "float32"))), feeds)
    return [results[port.name] for port in lowered.io.outputs]


#: Word on the command line -> target.
TARGETS: dict[str, Callable[[], Target]] = {"tflite": tflite, "coreml": coreml}
