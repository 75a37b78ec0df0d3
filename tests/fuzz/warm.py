"""Imported once by the process that workers are forked from, so that none has to begin anew.

What takes long is importing coremltools, and making the models that are damaged.
"""

from __future__ import annotations

import gc
from importlib import import_module

import numpy as np

from _edgeship.export.coreml.format.library import coremltools
from tests.fuzz.files import mutated_file

# Commands import these where they need them: the forks that they run in have them then.
for name in (
    "advice.steps",
    "calibration.graph_ranges",
    "checks.comparison",
    "checks.subject",
    "commands.advise_view",
    "commands.cli",
    "commands.convert_view",
    "commands.delegate_view",
    "commands.diff_view",
    "commands.evaluate_view",
    "coreai.target",
    "coreml.package_file",
    "delegates.xnnpack",
    "detection.heads",
    "differences.compare",
    "equalization.equalize",
    "evaluation.evaluate",
    "evaluation.labelled",
    "graph_stages",
    "inputs",
    "judging",
    "keeping",
    "merging",
    "onnx.file",
    "onnx.tensors",
    "range_choice",
    "recording",
    "sensitivity.measure",
    "simplify",
    "tflite.delegation",
    "tflite.file",
    "tflite.metadata.found",
    "tflite.single_operators",
    "tflite.target",
):
    import_module(f"_edgeship.export.{name}")

for name in (
    "coreml.convert",
    "coreml.evaluator.reading",
    "coreml.evaluator.running",
    "coreml.lowering",
    "network.capture",
    "network.definition",
    "passes",
    "preparation.prepare",
    "runtimes.running",
    "tflite.fold_frames",
    "tflite.lowering",
    "tflite.writer",
    "verification.demand",
):
    import_module(f"_edgeship.export.{name}")
coremltools()
with np.errstate(all="ignore"):
    mutated_file(0)
gc.freeze()  # coremltools collects garbage at every conversion, and would look at all of this
