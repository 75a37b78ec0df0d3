"""Run samples through ONNX Runtime and the TFLite runtimes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from _edgeship.at_risk import at_risk
from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Outputs, Sample

#: How long ONNX Runtime may compute before it runs anything: it folds constants then. A network of
#: a gigabyte takes some seconds.
OPENING_S = 300

#: What an error shows of a runtime's message.
_MOST_CHARACTERS = 600


def run_onnx(
    model_bytes: bytes,
    samples: Sequence[Sample],
    outputs: Sequence[str] | None = None,
    plain: bool = False,
) -> Outputs:
    """Run a serialized ONNX graph with ONNX Runtime on the CPU; see `each_onnx`."""
    return list(each_onnx(model_bytes, samples, outputs, plain))


def each_onnx(
    model_bytes: bytes,
    samples: Iterable[Sample],
    outputs: Sequence[str] | None = None,
    plain: bool = False,
) -> Iterator[list[np.ndarray]]:
    """Run a serialized ONNX graph with ONNX Runtime on the CPU, sample by sample.

    Only basic graph rewrites are on, so that the fused kernels of the higher levels do not stand
    between the graph and its result.

    Args:
        model_bytes: A serialized ``ModelProto``.
        samples: Input name to array of the graph's dtype and shape.
        outputs: The graph outputs to return, in this order; all by default.
        plain: Whether every node runs as it stands: already the basic rewrites turn an operator
            between DequantizeLinear and QuantizeLinear into one that rounds otherwise.

    Yields:
        The outputs of each sample; floating point as float32.

    Raises:
        VerificationError: ONNX Runtime refuses the graph or fails when it runs it.
    """
    session = onnx_session(model_bytes, plain)
    names = None if outputs is None else list(outputs)
    for sample in samples:
        yield run_session(session, sample, names)


def onnx_session(model_bytes: bytes, plain: bool = False, threads: int | None = None) -> Any:
    """Return an ``InferenceSession`` on the CPU, which several threads may run at once.

    Args:
        model_bytes: As for `each_onnx`.
        plain: Likewise.
        threads: How many threads share the operators of one run; all cores by default.

    Raises:
        VerificationError: ONNX Runtime refuses the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_DISABLE_ALL if plain else levels.ORT_ENABLE_BASIC
    # What it prints as an error it raises, too; and names in it are a stranger's.
    options.log_severity_level = 4
    # ONNX Runtime's exceptions have no common base but Exception.
    try:
        with at_risk("Opening the graph in ONNX Runtime", exit_code=3, seconds=OPENING_S):
            return onnxruntime.InferenceSession(
                model_bytes, options, providers=["CPUExecutionProvider"]
            )
    except Exception as error:
        raise VerificationError("ONNX Runtime refuses the graph.", why=shortened(error)) from error


def run_session(
    session: Any, sample: Sample, outputs: Sequence[str] | None = None
) -> list[np.ndarray]:
    """Return the outputs of one sample; floating point as float32.

    Raises:
        VerificationError: ONNX Runtime fails.
    """
    return [_float32(values) for values in run_stored(session, sample, outputs)]


def run_stored(
    session: Any, sample: Sample, outputs: Sequence[str] | None = None
) -> list[np.ndarray]:
    """Return the outputs of one sample in the types of the graph.

    Raises:
        VerificationError: ONNX Runtime fails.
    """
    try:
        with at_risk("Running the graph in ONNX Runtime", exit_code=3):
            return [np.asarray(values) for values in session.run(outputs, dict(sample))]
    except Exception as error:
        raise VerificationError(
            "ONNX Runtime fails when it runs the graph.", why=shortened(error)
        ) from error


def run_tflite(
    data: bytes, samples: Sequence[Sample], io: FileIO, runtime: str = "litert"
) -> Outputs:
    """Run a TFLite file.

    Args:
        data: The whole file.
        samples: Input name to float32 array in ONNX axis order; transposed and quantized to what
            the file takes.
        io: How the file's inputs and outputs relate to the ONNX graph's.
        runtime: "litert", "litert-reference" (plain kernels, no delegate), "tensorflow" or
            "tflite-runtime".

    Returns:
        Per sample, the outputs in ONNX axis order: float32, dequantized if the file is
        quantized; integers that have no scale as they are.

    Raises:
        InputError: The runtime is unknown, not installed or not usable, or a sample does not fit
            the file.
        VerificationError: The runtime refuses the file or fails when it runs it.
    """
    session = TFLiteSession(data, io, runtime)
    return [session.run(sample) for sample in samples]


def shortened(error: BaseException) -> str:
    """Return what ONNX Runtime raised on one line, which names of a file can make endless."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _float32(array: np.ndarray) -> np.ndarray:
    floating = np.issubdtype(array.dtype, np.floating)
    return array.astype(np.float32, copy=False) if floating else array
