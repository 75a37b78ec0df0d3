"""From an ONNX graph to a float32 file, in the operators of the processor that it is made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx_ir as ir

from _edgeship.export.contract.target import Job
from _edgeship.export.tflite import split_groups, transposed_windows
from _edgeship.export.tflite.batches import Run, with_open_batch
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.movement_costs import FLOAT16
from _edgeship.export.tflite.nested_joints import nest_joints
from _edgeship.export.tflite.padded_rows import by_rows, pad_rows
from _edgeship.export.tflite.split_filters import with_split_filters
from _edgeship.export.tflite.writer import to_bytes, to_model

#: Schemes whose weights the GPU accelerator reads in 8 bits.
_WEIGHTS_IN_8_BITS = ("int8", "dynamic")


@dataclass(frozen=True)
class FloatFile:
    """A float32 file, which others are made from by rounding.

    Attributes:
        graph: The ONNX graph that was lowered.
        lowered: What became of it, for a batch of 1.
        written: The same with the batch that the file has.
        data: The file.
        batches: A note on its batch, or "".
        wrong: A note on what GPUs compute wrong, or "".
    """

    graph: ir.Model
    lowered: Lowered
    written: TfliteGraph
    data: bytes
    batches: str
    wrong: str

    @property
    def trace(self) -> Mapping[str, tuple[str, Perm]]:
        """Which tensors hold which values of the graph, in what order of axes."""
        return self.lowered.trace


def float_file(graph: ir.Model, job: Job, description: str, batches_of: Run) -> FloatFile:
    """Lower a graph to a float32 file.

    Args:
        graph: The graph, as the job's was rewritten for TFLite.
        job: What is exported.
        description: For the file.
        batches_of: Runs batches of any size through the network itself.

    Raises:
        UnsupportedError: Naming every operator that cannot be lowered.
    """
    lowered = lower(graph, job.request.io_layout, job.nhwc)
    wrong = _make_for_gpu(job, lowered)
    nest_joints(lowered.graph)
    if for_cpu(job):
        pad_rows(lowered.graph, convolutions=False)
    written, batches = with_open_batch(graph, lowered, description, job.checked, batches_of)
    data = to_bytes(to_model(written, lowered.io, description))
    return FloatFile(graph, lowered, written, data, batches, wrong)


def in_half(file: FloatFile, description: str) -> bytes:
    """Return a float32 file in the operators that XNNPACK likes best in half precision."""
    half = with_split_filters(by_rows(file.written), FLOAT16)
    return to_bytes(to_model(half, file.lowered.io, description))


def for_cpu(job: Job) -> bool:
    """Return whether files are made for the CPU, which computes a PAD with what is behind it."""
    return job.request.made_for != "gpu"


def _make_for_gpu(job: Job, lowered: Lowered) -> str:
    """Write what GPUs compute wrong in other operators if asked to, or return a note."""
    in_8_bits = any(scheme.name in _WEIGHTS_IN_8_BITS for scheme in job.schemes)
    if job.request.made_for == "gpu":
        split_groups.split_groups(lowered.graph, in_8_bits)
        transposed_windows.cut_afterwards(lowered.graph)
        return ""
    wrong = split_groups.wrong_on_gpu(lowered.graph, in_8_bits)
    wrong += transposed_windows.wrong_on_gpu(lowered.graph)
    if not wrong:
        return ""
    kinds = " and ".join(sorted({op.kind for op in wrong}))
    return (
        f"LiteRT's GPU accelerator computes {len(wrong)} of this network's {kinds} wrong, or ends "
        "the app; --for gpu avoids that, and costs the CPU some time."
    )
