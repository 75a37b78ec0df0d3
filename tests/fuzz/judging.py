"""What becomes of one file: right files of all targets, a refusal in words, or a finding."""

from __future__ import annotations

import traceback
import warnings
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from _edgeship.errors import EdgeshipError, VerificationError
from _edgeship.export.lowering.unsupported import Unhandled

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.network.capture import Opened
    from _edgeship.export.runtimes.values import Outputs, Sample

#: Largest error of a float file, as a fraction of the output's range.
TOLERANCE = 1e-4

#: Outputs whose range is a smaller part of their largest number are nearly constant, and are judged
#: by that number.
CONSTANT = 0.1

#: How often all values are moved to see whether the outputs are steady.
_MOVED = 8

#: The oldest iOS that packages are made for here.
IOS = 17


class Outcome(Enum):
    """What became of a file."""

    RIGHT = "right"
    REFUSED = "refused in words"
    UNKNOWN = "refused in words: ONNX Runtime does not run the file, or runs it as no other does"
    UNVERIFIED = "a file was written that its runtime refuses"
    UNDEFINED = "other numbers, of what is no number (0 / 0) or that a type does not hold"
    UNSTEADY = "other numbers, where changes of all values by a millionth change as much"
    WRONG = "wrong numbers"
    MUTE = "refused without saying where, why or what to do"
    CRASH = "another exception, which a user may see as a form that is not handled"
    HANG = "no answer in time"
    DEATH = "the process ended"


#: Outcomes that no file may have.
FINDINGS = (
    Outcome.WRONG,
    Outcome.UNVERIFIED,
    Outcome.MUTE,
    Outcome.CRASH,
    Outcome.HANG,
    Outcome.DEATH,
)


@dataclass(frozen=True)
class Verdict:
    """What became of a file, and what there is to say of it."""

    outcome: Outcome
    detail: str = ""


def judge(path: Path, packages: bool = True) -> Verdict:
    """Read, prepare, rewrite and lower a file, run what was made, and compare.

    Args:
        path: The ONNX file.
        packages: Whether to convert and evaluate the ML program as well as to build it.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return _judge(path, packages)
        except VerificationError as error:
            return Verdict(Outcome.UNVERIFIED, str(error))
        except EdgeshipError as error:
            if isinstance(error.__cause__, Unhandled):
                return Verdict(Outcome.CRASH, _cause(error.__cause__))
            said = error.what and (error.where or error.why or error.todo)
            return Verdict(Outcome.REFUSED if said else Outcome.MUTE, str(error))
        except Exception:
            return Verdict(Outcome.CRASH, traceback.format_exc(limit=-4))


def _cause(defect: BaseException) -> str:
    """Return the traceback of the first of a chain of exceptions."""
    while defect.__cause__ is not None:
        defect = defect.__cause__
    return "".join(traceback.format_exception(defect, limit=-4, chain=False))


def _judge(path: Path, packages: bool) -> Verdict:
    from _edgeship.export.network.capture import open_onnx
    from _edgeship.export.passes import rewrite

    opened = open_onnx(path, ())
    sample = _sample(opened.prepared.model)
    try:
        reference = _reference(opened, sample)
    except VerificationError as error:
        return Verdict(Outcome.UNKNOWN, str(error))
    graph, _ = rewrite(opened.prepared.model)
    refusals = []
    for run in (_run_tflite, _run_coreml):
        try:
            outputs = run(graph, sample, packages)
        except VerificationError:
            raise
        except EdgeshipError as error:
            refusals.append(error)
            continue
        problem = _difference(reference, outputs) if outputs is not None else ""
        if problem:
            outcome = _why_other(opened.prepared.model, sample)
            return Verdict(outcome, f"{run.__name__}: {problem}")
    if refusals:
        raise next((e for e in refusals if isinstance(e.__cause__, Unhandled)), refusals[0])
    return Verdict(Outcome.RIGHT)


def _reference(opened: Opened, sample: Sample) -> Outputs:
    """Return what an export compares files with: what ONNX Runtime makes of the file.

    Where that rounds to fewer bits, it is what it makes of the prepared graph, if the two agree
    as far as these bits go.

    Raises:
        VerificationError: ONNX Runtime runs neither, or they differ. An export ends here.
    """
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.network.definition import OnnxFile
    from _edgeship.export.runtimes.running import run_onnx
    from _edgeship.export.verification.demand import demand

    definition = OnnxFile(opened)
    original = definition.run([sample])
    if definition.capture_kind == "float":
        return original
    outputs = run_onnx(serialize(opened.prepared.model), [sample])
    given = opened.prepared.given
    if given is None or not given.activations:
        demand(original, outputs, definition.capture_kind, "capture")
    return outputs


def _why_other(graph: ir.Model, sample: Sample) -> Outcome:
    """Return why a target gives other numbers than ONNX Runtime does."""
    if _is_undefined(graph, sample):
        return Outcome.UNDEFINED
    return Outcome.UNSTEADY if _is_unsteady(graph, sample) else Outcome.WRONG


def _is_unsteady(graph: ir.Model, sample: Sample) -> bool:
    """Return whether ONNX Runtime gives other numbers where each value is off by a millionth.

    So it is where a sum of probabilities is rounded down: the last bit decides.
    """
    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.runtimes.running import run_onnx

    (first,) = run_onnx(serialize(graph), [sample])
    moved = (run_onnx(_moved(serialize(graph), seed), [sample]) for seed in range(_MOVED))
    return any(_difference([first], outputs) for outputs in moved)


def _moved(data: bytes, seed: int) -> bytes:
    """Return a graph whose nodes read every float value times something near 1."""
    rng = np.random.default_rng(seed)
    proto = onnx.load_from_string(data)
    types = {value.name: value.type.tensor_type.elem_type for value in proto.graph.value_info}
    types |= {value.name: value.type.tensor_type.elem_type for value in proto.graph.input}
    floats = [name for name, kind in types.items() if kind == onnx.TensorProto.FLOAT]
    names = {name: f"{name}_moved" for name in floats}
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    factors = (1 + 1e-6 * rng.standard_normal(len(names))).astype(np.float32)
    moves = []
    for (name, new), factor in zip(names.items(), factors, strict=True):
        tensor = onnx.numpy_helper.from_array(factor, f"{new}_factor")
        proto.graph.initializer.append(tensor)
        moves.append(onnx.helper.make_node("Mul", [name, tensor.name], [new]))
    nodes = [*proto.graph.node, *moves]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return bytes(proto.SerializeToString())


def _is_undefined(graph: ir.Model, sample: Sample) -> bool:
    """Return whether a value inside of a graph is not a number, or is cast to what cannot hold it.

    No two runtimes agree what the maximum of such values is, or whether one is larger than 1; and
    ONNX leaves open what becomes of a float that an integer type has no number for.
    """
    import onnx_ir as ir

    from _edgeship.export.graph.onnx_graph import serialize
    from _edgeship.export.runtimes.running import run_onnx

    whole = ir.from_proto(ir.to_proto(graph))
    values = [value for node in whole.graph for value in node.outputs if value.name]
    whole.graph.outputs.extend(v for v in values if not v.is_graph_output())
    (results,) = run_onnx(serialize(whole), [sample])
    arrays = dict(zip((v.name for v in whole.graph.outputs), results, strict=True)) | sample
    casts = [node for node in whole.graph if node.op_type == "Cast"]
    return any(array.dtype.kind == "f" and np.isnan(array).any() for array in results) or any(
        _overflows(arrays.get(node.inputs[0].name), arrays.get(node.outputs[0].name))
        for node in casts
        if node.inputs[0] is not None
    )


def _overflows(floats: np.ndarray | None, integers: np.ndarray | None) -> bool:
    """Return whether floats lie outside of the type of the integers that they are cast to."""
    if floats is None or integers is None:
        return False
    if floats.dtype.kind != "f" or integers.dtype.kind not in "iu":
        return False
    limits = np.iinfo(integers.dtype)
    whole = np.trunc(floats)
    return bool(np.any((whole < limits.min) | (whole > limits.max)))


def _run_tflite(graph: ir.Model, sample: Sample, packages: bool) -> Outputs:
    from _edgeship.export.runtimes.running import run_tflite
    from _edgeship.export.tflite.fold_frames import fold_frames
    from _edgeship.export.tflite.lowering import lower
    from _edgeship.export.tflite.writer import to_bytes, to_model

    folded, _ = fold_frames(graph)
    lowered = lower(folded)
    return run_tflite(to_bytes(to_model(lowered.graph, lowered.io, "case")), [sample], lowered.io)


def _run_coreml(graph: ir.Model, sample: Sample, packages: bool) -> Outputs | None:
    from _edgeship.export.coreml.lowering import lower

    lowered = lower(graph, IOS)
    if not packages:
        return None
    from _edgeship.export.coreml.convert import convert
    from _edgeship.export.coreml.evaluator.reading import read_program
    from _edgeship.export.coreml.evaluator.running import run
    from _edgeship.export.coreml.format.package import package_of

    feeds = {
        p.name: sample[p.onnx_name].astype(p.dtype).reshape(p.shape) for p in lowered.io.inputs
    }
    results = run(read_program(package_of(convert(lowered, IOS, "float32"))), feeds)
    return [[results[port.name] for port in lowered.io.outputs]]


def _sample(model: ir.Model) -> Sample:
    """Return normal numbers, small integers, or both truths, in the types of the graph's inputs."""
    rng = np.random.default_rng(0)
    sample = {}
    for value in model.graph.inputs:
        assert value.shape is not None
        assert value.dtype is not None
        shape = tuple(int(str(extent)) for extent in value.shape)
        dtype = value.dtype.numpy()
        if dtype.kind in "iu":
            sample[value.name or ""] = rng.integers(0, 3, shape).astype(dtype)
        elif dtype.kind == "b":
            sample[value.name or ""] = rng.random(shape) < 0.5
        else:
            sample[value.name or ""] = rng.standard_normal(shape).astype(dtype)
    return sample


def _difference(reference: Outputs, found: Outputs) -> str:
    """Return what is wrong with outputs, in words; numbers that are not finite are not compared."""
    for wanted, got in zip(reference[0], found[0], strict=True):
        if wanted.size != got.size or (wanted.ndim and wanted.shape != got.shape):
            return f"shape {got.shape} instead of {wanted.shape}"
        a, b = wanted.astype(np.float64).ravel(), got.astype(np.float64).ravel()
        if not np.isfinite(a).all() or np.abs(a).max(initial=0) > 1e9:
            continue
        largest = np.abs(a).max(initial=0) or 1.0
        span = np.ptp(a)
        limit = TOLERANCE * (span if span >= CONSTANT * largest else largest)
        error = np.abs(a - b).max(initial=0)
        if not error <= limit:
            return f"error {error:.1e}, more than {limit:.1e}, of an output of {wanted.shape}"
    return ""
