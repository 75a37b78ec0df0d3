"""ONNX Runtime as an app runs it, with all its rewrites of the graph."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from _edgeship.at_risk import at_risk
from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.running import OPENING_S, shortened
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.work_folders import temporary_folder

_CONVERSIONS = ("QuantizeLinear", "DequantizeLinear", "Cast")
_INTEGERS = (TensorProto.UINT8, TensorProto.INT8)
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


def run_optimized(data: bytes, samples: Sequence[Sample]) -> Outputs:
    """Run a file with the integer kernels and the fused ones.

    Args:
        data: The whole file.
        samples: Input name -> array of the file's type and shape.

    Returns:
        Per sample, the outputs; floating point as float32.

    Raises:
        VerificationError: ONNX Runtime refuses the file or fails when it runs it.
    """
    run = open_optimized(data)
    return [run(sample) for sample in samples]


def open_optimized(data: bytes, threads: int | None = None) -> Callable[[Sample], list[np.ndarray]]:
    """Return what runs samples as `run_optimized` does; several threads may call it at once.

    Args:
        data: The whole file.
        threads: How many the kernels of one run share; one for each core by default.

    Raises:
        VerificationError: ONNX Runtime refuses the file.
    """
    session = _session(data, threads=threads)

    def run(sample: Sample) -> list[np.ndarray]:
        # ONNX Runtime's exceptions have no common base but Exception.
        try:
            with at_risk("Running the file in ONNX Runtime", exit_code=3):
                result = session.run(None, dict(sample))
        except Exception as error:
            raise VerificationError(
                "ONNX Runtime fails when it runs the file.", why=shortened(error)
            ) from error
        return [_float32(values) for values in result]

    return run


def float_operators(data: bytes) -> dict[str, int]:
    """Return how many operators of each kind ONNX Runtime computes in float, by name.

    Conversions between types do not count.

    Args:
        data: The whole file.

    Raises:
        VerificationError: ONNX Runtime refuses the file.
    """
    with temporary_folder() as folder:
        path = folder / "optimized.onnx"
        _session(data, path)
        graph = onnx.load(path).graph
    types = {one.name: one.type.tensor_type.elem_type for one in graph.value_info}
    types.update((one.name, one.data_type) for one in graph.initializer)
    integers = {name for name, kind in types.items() if kind in _INTEGERS}
    found: Counter[str] = Counter()
    for node in graph.node:
        if node.op_type == "QuantizeLinear":
            integers.update(node.output)
        elif node.op_type in _CONVERSIONS:
            continue
        elif integers.intersection(node.input):
            known = types.get(node.output[0], TensorProto.UINT8)
            integers.update(node.output if known in _INTEGERS else ())
        elif types.get(node.output[0], TensorProto.FLOAT) in _FLOATS:
            found[node.op_type] += 1
    return dict(sorted(found.items()))


def _session(data: bytes, optimized: Path | None = None, threads: int | None = None) -> Any:
    """Open a file.

    Args:
        data: The whole file.
        optimized: Where to write the graph that is run, without what depends on the processor.
        threads: How many a run uses; one for each core by default.
    """
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4
    # Without it, x86 processors that lack VNNI add pairs of products in 16 bits, which overflow. No
    # phone does that, and the verdict on a file must not depend on the computer it is made on.
    options.add_session_config_entry("session.x64quantprecision", "1")
    if optimized is not None:
        options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(optimized)
    try:
        with at_risk("Opening the file in ONNX Runtime", exit_code=3, seconds=OPENING_S):
            return InferenceSession(_unshared(data), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise VerificationError("ONNX Runtime refuses the file.", why=shortened(error)) from error


def _unshared(data: bytes) -> bytes:
    """Return a file in which every operator has 8-bit weights of its own, for equal results.

    With the option above, ONNX Runtime (up to 1.31 at least) refuses files in which several
    operators read the same weights or the same zero points.
    """
    model = onnx.load_model_from_string(data)
    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    makers = {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    }
    readers = Counter(name for node in graph.node for name in node.input if name in makers)
    copies: list[onnx.NodeProto] = []
    for node in graph.node:
        for index, name in enumerate(node.input):
            if readers[name] > 1:
                copy = onnx.NodeProto()
                copy.CopyFrom(makers[name])
                copy.name += f"_{len(copies)}"
                copy.output[0] += f"_{len(copies)}"
                for place, constant in enumerate(makers[name].input):
                    copy.input[place] += f"_{len(copies)}"
                    graph.initializer.add().CopyFrom(constants[constant])
                    graph.initializer[-1].name = copy.input[place]
                node.input[index] = copy.output[0]
                copies.append(copy)
    nodes = [*copies, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(model.SerializeToString()) if copies else data


def _float32(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(np.float32) if np.issubdtype(array.dtype, np.floating) else array
