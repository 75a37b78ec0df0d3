"""From the rewritten graph to .tflite files, and what LiteRT makes of them."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.calibration.preprocess import raw_pixels
from _edgeship.export.contract.target import Job
from _edgeship.export.delegates.accelerator import find_accelerator
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite import picking
from _edgeship.export.tflite.batches import Run
from _edgeship.export.tflite.byte_job import with_byte_input
from _edgeship.export.tflite.byte_scale import byte_scale
from _edgeship.export.tflite.float_file import float_file, for_cpu, in_half
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.for_integers import for_integers
from _edgeship.export.tflite.grow_borders import grow_borders
from _edgeship.export.tflite.real_parts import real_parts
from _edgeship.export.tflite.whole_tiles import fill_tiles
from _edgeship.export.tflite.writer import from_bytes
from _edgeship.export.tflite.written_files import HALF, Prepared
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.parity import Parity


def prepare(job: Job) -> Prepared:
    """Lower the graph of a job to a float32 file.

    Raises:
        UnsupportedError: Naming every operator that cannot be lowered.
        VerificationError: Turning a network on clips into one on images changed the result.
    """
    fed, own_input = job.checked, None
    batches_of = _batches_of(job)
    if job.request.io == "image":
        network_samples = job.checked
        job, own_input = with_byte_input(job)
        fed = own_input.pixels(network_samples)
        batches_of = own_input.batches_of(batches_of)
    graph, parity, folding = _fold_frames(job)
    graph, growths = grow_borders(graph)
    description = f"{job.network.name}, written by edgeship"
    # Each of the files that are wanted has the operators that its kernels like best.
    filled_graph, filled = fill_tiles(graph)
    file = float_file(filled_graph, job, description, batches_of)
    half, data_in_half = file, file.data
    if for_cpu(job) and any(scheme.name == HALF for scheme in job.schemes):
        half = float_file(graph, job, description, batches_of) if filled else file
        data_in_half = in_half(half, description)
    calibrated = any(scheme.calibrated for scheme in job.schemes)
    # Scales of a file that was quantized before belong to its own tensors.
    anew = calibrated and job.given is None
    in_integers = None
    if anew:
        own = real_parts(from_bytes(file.data), file.trace, growths)
        in_integers = for_integers(file.written, file.lowered.io, description, file.data, own, job)
    tiles = f"; {filled} convolutions filled up to whole tiles" if filled else ""
    detail = f"{len(file.written.ops)} operators{folding}{tiles}"
    if own_input is not None:
        parity = parity or own_input.parity
        detail += f"; takes the bytes of pictures, normalised {own_input.where}"
    boxes = picking.picking_of(job)
    notes = (
        *_unable(job),
        *_no_bytes(job),
        *([] if boxes is None else [boxes.note]),
        *filter(None, [file.batches, file.wrong, _judged_by(job)]),
    )
    return Prepared(
        job,
        fed,
        growths,
        file,
        half,
        data_in_half,
        in_integers,
        detail,
        parity,
        notes,
        boxes,
        own_input,
    )


def _judged_by(job: Job) -> str:
    """Return a note on the driver that files are required to run on, if one is."""
    if "gpu" not in job.request.require_delegate:
        return ""
    return f"The GPU accelerator was asked on {find_accelerator().in_words}."


def _fold_frames(job: Job) -> tuple[ir.Model, Parity | None, str]:
    """Return the graph of a network on clips as one on images, and what was done, if anything.

    Raises:
        VerificationError: It computes something else.
    """
    folded, changes = fold_frames(job.graph)
    if not changes:
        return job.graph, None, ""
    outputs = run_onnx(serialize(folded), job.checked)
    parity = demand(job.reference, outputs, "float", "fold frames")
    return folded, parity, f"; frames go through 2-D operators, {changes} nodes"


def _batches_of(job: Job) -> Run:
    """Return how the network runs batches of any size."""
    return job.network.definition.run_batches


def _no_bytes(job: Job) -> tuple[str, ...]:
    """Return a note on what integers of an input are, where they are not the bytes of a picture."""
    dtype, preprocess = job.request.io_dtype, job.preprocess
    if dtype == "float32" or preprocess is None or job.request.io == "image":
        return ()
    expects = (
        f"--io-dtype {dtype}: the int8 file takes round(v / scale) + zero point, where v is the "
        "network's normalised input"
    )
    if dtype == "uint8" and byte_scale(preprocess) == byte_scale(raw_pixels(len(preprocess.mean))):
        return (f"{expects}.",)
    mean, std = (
        ", ".join(f"{number:g}" for number in numbers)
        for numbers in (preprocess.mean, preprocess.std)
    )
    return (
        f"{expects}. WARNING: a picture's bytes are not that (mean {mean}, std {std}), and give "
        "wrong results without an error; --io image takes bytes.",
    )


def _unable(job: Job) -> tuple[str, ...]:
    """Return a note on the schemes whose inputs and outputs cannot be as asked for."""
    dtype = job.request.io_dtype
    unable = [scheme.name for scheme in job.schemes if dtype not in scheme.io_dtypes]
    if not unable:
        return ()
    return (
        f"--io-dtype {dtype} holds for int8 files only; with {', '.join(unable)} inputs and "
        "outputs stay float32.",
    )
