"""From a float file to a quantized one: our ranges, litert-quantizer's arithmetic."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Collection, Iterator
from typing import Any

import flatbuffers
import numpy as np

from _edgeship.errors import UnsupportedError, VerificationError
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.tflite.constant_factors import constants_on_the_left
from _edgeship.export.tflite.given_scales import FileScales, put_right
from _edgeship.export.tflite.idle_clamps import drop_idle_clamps
from _edgeship.export.tflite.index_arithmetic import index_arithmetic
from _edgeship.export.tflite.integer_means import convolve_means
from _edgeship.export.tflite.islands import disguise, reveal
from _edgeship.export.tflite.joined_constants import joined_constants
from _edgeship.export.tflite.large_weights import large_weights
from _edgeship.export.tflite.masks import soften_masks
from _edgeship.export.tflite.mixed_outputs import mixed_outputs
from _edgeship.export.tflite.normalizations import normalizations
from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.output_copies import copy_outputs, original_of, remove_copies
from _edgeship.export.tflite.padded_means import means
from _edgeship.export.tflite.recipe import WEIGHT_BITS, add_recipe, leave_in_float
from _edgeship.export.tflite.refused_operators import (
    RefusedOperatorsError,
    all_rules,
    refused_by_kernels,
)
from _edgeship.export.tflite.repeated_steps import join_steps
from _edgeship.export.tflite.schema_names import TYPE_NAMES
from _edgeship.export.tflite.shared_ranges import share_ranges
from _edgeship.export.tflite.unread_outputs import match_unread_parts
from _edgeship.export.tflite.weight_bounds import weight_bounds
from _edgeship.export.tflite.writer import clear_metadata, from_bytes, set_metadata, to_bytes

#: XNNPACK computes in half precision on ARMv8.2 and later only where a file asks for it so.
REDUCED_PRECISION = ("reduced_precision_support", b"fp16accfp16")

#: Schemes that round activations by measured ranges -> the bits they keep.
ACTIVATION_BITS = {"int8": 8, "int16x8": 16}

#: Schemes with kernels for products of a constant and a matrix.
_LEFT_CONSTANTS = ("int8", "fp16")

#: Schemes that round weights, and compute in float or by ranges found while running.
_WEIGHTS_ONLY = ("dynamic", "fp16", *WEIGHT_BITS)


def quantize(
    data: bytes,
    scheme: str,
    ranges: Ranges | None = None,
    io_dtype: str = "float32",
    scales: FileScales | None = None,
    keep: Collection[str] = (),
) -> bytes:
    """Return the file quantized.

    Args:
        data: The float32 file.
        scheme: Name of one of `export.tflite.schemes.SCHEMES`.
        ranges: Tensor name -> (min, max), for schemes that are calibrated.
        io_dtype: Type of the file's inputs and outputs.
        scales: Those that tensors and weights had before, which they are to have again.
        keep: Names of tensors whose operators are to stay in float.

    Raises:
        UnsupportedError: If litert-quantizer fails on the network.
        VerificationError: If the written file's inputs or outputs are of another type.
    """
    if scheme == "none":
        return data
    if scheme in ACTIVATION_BITS and not ranges:
        raise ValueError(f"the scheme {scheme} needs calibrated ranges")
    in_float = set(keep)
    while True:
        try:
            quantized = _quantized(data, scheme, ranges or {}, io_dtype, scales, in_float)
        except RefusedOperatorsError as refusal:
            if refusal.names <= in_float:
                raise _cannot(scheme, refusal.why) from refusal
            in_float |= refusal.names
            continue
        refused = refused_by_kernels(quantized)
        # Of other files, running them tells more.
        if refused <= in_float:
            return quantized
        in_float |= refused


def _quantized(
    data: bytes,
    scheme: str,
    ranges: Ranges,
    io_dtype: str,
    scales: FileScales | None,
    in_float: Collection[str],
) -> bytes:
    """Return the file quantized; operators that compute the tensors ``in_float`` stay in float.

    Raises:
        RefusedOperatorsError: Other operators cannot be quantized.
        UnsupportedError: If litert-quantizer fails otherwise.
    """
    from litert_quantizer import quantizer

    model = from_bytes(data)
    # The quantizer renumbers buffers, but not the metadata that names them.
    clear_metadata(model)
    if scheme == "int8" and scales is None:
        convolve_means(model)
    statistics = None
    kinds: list[int] = []
    copies: set[str] = set()
    apart = set(in_float)
    if scheme not in _LEFT_CONSTANTS:
        apart |= constants_on_the_left(model)
    if scheme in _WEIGHTS_ONLY:
        apart |= means(model)
    if scheme in ACTIVATION_BITS:
        bits = ACTIVATION_BITS[scheme]
        soften_masks(model, ranges)
        ranges = join_steps(model, ranges)
        if io_dtype == "float32" and scales is None:
            apart |= mixed_outputs(model, ranges)
        apart |= index_arithmetic(model) | normalizations(model)
        statistics = _statistics(model, ranges, bits, scales, apart)
        copies = copy_outputs(model)
        apart |= {name for name in copies if original_of(name) in apart}
        kinds = disguise(model, bits)
    job = quantizer.Quantizer(_packed(model))
    add_recipe(job, scheme, ACTIVATION_BITS.get(scheme), io_dtype)
    if apart:
        leave_in_float(job, apart)
    try:
        with _quiet(), large_weights(), joined_constants(), all_rules():
            quantized = job.quantize(
                statistics, enable_progress_bar=False, enable_progress_report=False
            ).quantized_model
    except ValueError as error:
        raise _cannot(scheme, str(error)) from error
    model = from_bytes(bytes(quantized))
    reveal(model, kinds)
    remove_copies(model, copies)
    match_unread_parts(model)
    if scales is not None and scheme in ACTIVATION_BITS:
        put_right(model, scales)
    drop_idle_clamps(model)
    if scheme == "fp16":
        set_metadata(model, *REDUCED_PRECISION)
    _check_ports(model, from_bytes(data), io_dtype)
    return to_bytes(model)


def _cannot(scheme: str, why: str) -> UnsupportedError:
    return UnsupportedError(
        f"litert-quantizer cannot quantize the network to {scheme}.",
        where=f"quantize {scheme}",
        why=why,
        todo="choose --quant fp16",
    )


def _statistics(
    model: Any,
    measured: Ranges,
    bits: int,
    scales: FileScales | None,
    apart: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Return all ranges in litert-quantizer's form: tensor name -> arrays ``min`` and ``max``.

    Those of activations have one element each, whatever the tensor's rank: the quantizer takes
    equal scales of different shapes to be different, and would put a QUANTIZE in between.
    """
    given = {} if scales is None else scales.ranges
    ranges = share_ranges(model, measured | given, bits, apart) | given
    result = {}
    for tensor in model.subgraphs[0].tensors:
        name = name_of(tensor)
        if name in ranges:
            low, high = (np.full(1, bound, np.float32) for bound in ranges[name])
            result[name] = {"min": low, "max": high}
    bounds = weight_bounds(model, ranges, bits)
    for name, grid in ({} if scales is None else scales.weights).items():
        bounds[name] = np.maximum(grid.bounds, bounds.get(name, grid.bounds))
    for name, bound in bounds.items():
        result[name] = {"min": -bound, "max": bound}
    return result


def _packed(model: Any) -> bytearray:
    """Serialize a model as it stands, disguised operators and all."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytearray(builder.Output())


def _check_ports(model: Any, plain: Any, io_dtype: str) -> None:
    """Check that all ports that were float32 have the type asked for, and the others their own."""
    graph, before = model.subgraphs[0], plain.subgraphs[0]
    for index, own in zip(
        (*graph.inputs, *graph.outputs), (*before.inputs, *before.outputs), strict=True
    ):
        found, was = (TYPE_NAMES[g.tensors[i].type] for g, i in ((graph, index), (before, own)))
        wanted = io_dtype if was == "float32" else was
        if found != wanted:
            raise VerificationError(
                f"The quantized file has a {found} port where {wanted} was asked for.",
                where="quantization",
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's progress bars and remarks off the terminal, where ours are shown.

    It warns about the memory of the interpreter it opens, and NumPy about the border of a max
    pool, the lowest float, which is beyond every scale and saturates as it should.
    """
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", UserWarning)
        stack.enter_context(np.errstate(over="ignore"))
        try:
            yield
        finally:
            logger.setLevel(level)
