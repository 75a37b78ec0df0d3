"""Whether a file that an export wrote computes what ONNX Runtime makes of the user's file.

Nothing of the compiler's is asked but which names and layouts the manifest says, and, where numbers
differ, whether these are numbers that no two runtimes agree on. The inputs are others than the
export verified on.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

#: Where channels lie at the end of the file's port and not of the graph's: graph axes in the order
#: of the file's.
_PERMS = {"NHWC": (0, 2, 3, 1), "NDHWC": (0, 2, 3, 4, 1)}

#: Plain kernels of LiteRT add number by number. In float32, such a sum of up to so many squares,
#: exponentials or uniform numbers is off by 7e-5 at most (`numpy.cumsum`, 20 seeds of each), which
#: is what tolerances leave; one of a million by 5e-4, whoever adds so.
_SUMMED = 2**18

#: Seeds 0 are what exports use.
_SEED = 20_000

Ports = Sequence[Mapping[str, Any]]


def wrong_file(source: Path, folder: Path) -> str:
    """Return what is wrong with the float files in a folder; "" where nothing is, or can be said.

    Args:
        source: The ONNX file that they were made of.
        folder: Where the export wrote them.

    Raises:
        OutsideError: ONNX Runtime does not run the source.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    for artifact in manifest["artifacts"]:
        if artifact["scheme"] != "none" or artifact["target"] == "coreml":
            continue
        feeds, wanted = _reference(source, artifact["inputs"])
        run = _run_tflite if artifact["target"] == "tflite" else _run_onnx
        problem = _problem(run, folder / artifact["file"], artifact, feeds, wanted)
        largest = max((feed.size for feed in feeds.values()), default=0)
        if problem and run is _run_tflite and largest > _SUMMED:
            problem = _problem(_run_delegated, folder / artifact["file"], artifact, feeds, wanted)
        if problem and not _is_open(source, feeds):
            return f"{artifact['file']}: {problem}"
    return ""


class OutsideError(Exception):
    """ONNX Runtime does not run the source, so that there is nothing to compare with."""


def _reference(source: Path, ports: Ports) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return what the source is fed with, and what ONNX Runtime makes of it."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    model = onnx.load(str(source))
    for output in model.graph.output:  # what a file says of these may be wrong without harm
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        rng = np.random.default_rng(_SEED)
        feeds = {
            own.name: _drawn(_graph_shape(port, own.shape), own.type, rng)
            for own, port in zip(session.get_inputs(), ports, strict=True)
        }
        names = [output.name for output in session.get_outputs()]
        found = [np.asarray(array) for array in session.run(None, feeds)]
    except Exception as error:  # its exceptions have no common base
        raise OutsideError(str(error)) from error
    return feeds, dict(zip(names, found, strict=True))


def _graph_shape(port: Mapping[str, Any], declared: Sequence[object]) -> tuple[int, ...]:
    """Return the shape that a port of the file has in the graph."""
    shape = tuple(port["shape"])
    for perm in (tuple(range(len(shape))), _PERMS.get(port["layout"])):
        if perm is None:
            continue
        own = tuple(shape[index] for index in np.argsort(perm))
        if len(declared) == len(own) and all(
            not isinstance(one, int) or one <= 0 or one == other
            for one, other in zip(declared, own, strict=True)
        ):
            return own
    raise OutsideError(f"{port} of a graph that declares {declared}")


def _drawn(shape: tuple[int, ...], kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "tensor(float16)":
        return rng.standard_normal(shape).astype(np.float16)
    if kind == "tensor(bool)":
        return rng.random(shape) < 0.5
    if "int" in kind:
        return rng.integers(0, 3, shape).astype(kind.removeprefix("tensor(").removesuffix(")"))
    double = kind == "tensor(double)"
    return rng.standard_normal(shape).astype(np.float64 if double else np.float32)


def _problem(
    run: Any,
    file: Path,
    artifact: Mapping[str, Any],
    feeds: Mapping[str, np.ndarray],
    wanted: Mapping[str, np.ndarray],
) -> str:
    """Return what is wrong; where axes can be meant in two ways, "" if one of them is right."""
    problems = []
    for perms in _readings(artifact["inputs"], feeds.values()):
        given = [feed.transpose(perm) for feed, perm in zip(feeds.values(), perms, strict=True)]
        found = run(file, artifact, given)
        for back in _readings(artifact["outputs"], wanted.values()):
            problems.append(_difference(list(wanted.values()), found, back))
            if not problems[-1]:
                return ""
    return problems[0] if problems else "its ports have other shapes than the graph's"


def _readings(
    ports: Ports, arrays: Iterator[np.ndarray] | Any
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield the ways in which arrays of the graph can lie in the ports of the file."""
    choices = []
    for port, array in zip(ports, arrays, strict=True):
        perms = [tuple(range(array.ndim)), _PERMS.get(port["layout"])]
        choices.append(
            [
                perm
                for perm in perms
                if perm is not None
                and len(perm) == array.ndim
                and tuple(array.shape[axis] for axis in perm) == tuple(port["shape"])
            ]
            or [tuple(range(array.ndim))]
        )
    yield from itertools.islice(itertools.product(*choices), 16)


def _run_tflite(
    file: Path, artifact: Mapping[str, Any], given: Sequence[np.ndarray]
) -> list[np.ndarray]:
    return _called(_interpreter(file), artifact, given)


def _run_delegated(
    file: Path, artifact: Mapping[str, Any], given: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Run a file as phones do: XNNPACK adds several sums side by side."""
    from ai_edge_litert.interpreter import Interpreter

    return _called(Interpreter(str(file), num_threads=1), artifact, given)


def _called(
    interpreter: Any, artifact: Mapping[str, Any], given: Sequence[np.ndarray]
) -> list[np.ndarray]:
    runner = interpreter.get_signature_runner()
    details = runner.get_input_details()
    results = runner(
        **{
            port["name"]: np.ascontiguousarray(feed).astype(details[port["name"]]["dtype"])
            for port, feed in zip(artifact["inputs"], given, strict=True)
        }
    )
    return [results[port["name"]] for port in artifact["outputs"]]


def _interpreter(file: Path) -> Any:
    """Return the interpreter of a file: with plain kernels, or without delegates."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kinds = OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    for kind in kinds:
        try:
            return Interpreter(str(file), num_threads=1, experimental_op_resolver_type=kind)
        except ValueError:  # not all operators have a plain kernel
            if kind is kinds[-1]:
                raise
    raise AssertionError


def _run_onnx(
    file: Path, artifact: Mapping[str, Any], given: Sequence[np.ndarray]
) -> list[np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    dtypes = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(bool)": np.bool_}
    feeds = {
        own.name: feed.astype(dtypes.get(own.type, feed.dtype))
        for own, feed in zip(session.get_inputs(), given, strict=True)
    }
    return [np.asarray(array) for array in session.run(None, feeds)]


def _difference(
    wanted: Sequence[np.ndarray], found: Sequence[np.ndarray], perms: Sequence[tuple[int, ...]]
) -> str:
    from tests.fuzz.judging import _difference as difference

    turned = [
        array.transpose(np.argsort(perm)) if array.ndim == len(perm) else array
        for array, perm in zip(found, perms, strict=True)
    ]
    half = any(array.dtype == np.float16 for array in wanted)
    if half:  # the source rounds, the file does not
        return ""
    numbers = [array.astype(np.float64) for array in wanted]
    return difference([numbers], [turned])


def _is_open(source: Path, feeds: Mapping[str, np.ndarray]) -> bool:
    """Return whether the numbers are such that no two runtimes agree on them."""
    from _edgeship.export.network.capture import open_onnx
    from tests.fuzz.judging import Outcome, _why_other

    shapes = [feed.shape for feed in feeds.values()]
    model = open_onnx(source, shapes).prepared.model
    names = [value.name or "" for value in model.graph.inputs]
    kinds = [value.dtype for value in model.graph.inputs]
    sample = {
        name: feed.astype(kind.numpy())
        for name, feed, kind in zip(names, feeds.values(), kinds, strict=True)
        if kind is not None
    }
    return _why_other(model, sample) is not Outcome.WRONG
