"""Small .tflite files that the runners execute in microseconds, and what they need."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.device_bench.processes.running import run_process
from _edgeship.export.runtimes.quiet import captured_stderr
from _edgeship.export.tflite.building.graph import options
from tests.export.tflite.small_graphs import Small

SHAPE = (1, 8, 8, 4)

needs_native = pytest.mark.skipif(
    not host_abi() or shutil.which("cc") is None,
    reason="needs Linux on x86-64 or arm64 and a C compiler (Debian package gcc)",
)


def _has_virtual() -> bool:
    tools = ("cc", "qemu-aarch64", "aarch64-linux-gnu-gcc")
    if not host_abi() or any(shutil.which(tool) is None for tool in tools):
        return False
    return "-plugin" in run_process(["qemu-aarch64", "-help"], timeout=20).out


needs_virtual = pytest.mark.skipif(
    not _has_virtual(),
    reason="needs the Debian 12 packages gcc qemu-user gcc-aarch64-linux-gnu "
    "libc6-dev-arm64-cross (qemu-user of Debian 13 has no plugins)",
)


def network() -> Small:
    """A 3x3 convolution, and a 1x1 convolution of its rows from bottom to top.

    GATHER is an operator that XNNPACK leaves to the built-in kernels, so a delegate takes two
    parts. The outputs are the features and, second, the scores.
    """
    rng = np.random.default_rng(0)
    small = Small(image=SHAPE)
    small.constant("w1", rng.standard_normal((8, 3, 3, 4)).astype(np.float32) / 6)
    small.constant("b1", rng.standard_normal(8).astype(np.float32))
    small.constant("w2", rng.standard_normal((5, 1, 1, 8)).astype(np.float32) / 3)
    small.constant("b2", np.zeros(5, np.float32))
    small.constant("rows", np.arange(8, dtype=np.int32)[::-1])
    conv = options("Conv2DOptions", strideH=1, strideW=1)
    rows = options("GatherOptions", axis=1)
    small.op("CONV_2D", "image w1 b1", "features", (1, 8, 8, 8), opts=conv)
    small.op("GATHER", "features rows", "turned", (1, 8, 8, 8), opts=rows)
    small.op("CONV_2D", "turned w2 b2", "scores", (1, 8, 8, 5), opts=conv)
    return small.out("features scores")


def chain(kind: str = "float32", io_dtype: str = "float32") -> bytes:
    """Two convolutions, float32 or "int8"; the latter with inputs and outputs of a type."""
    rng = np.random.default_rng(1)
    small = Small(image=SHAPE)
    small.constant("w1", rng.standard_normal((8, 3, 3, 4)).astype(np.float32) / 6)
    small.constant("b1", rng.standard_normal(8).astype(np.float32))
    small.constant("w2", rng.standard_normal((5, 1, 1, 8)).astype(np.float32) / 3)
    small.constant("b2", np.zeros(5, np.float32))
    conv = options("Conv2DOptions", strideH=1, strideW=1)
    small.op("CONV_2D", "image w1 b1", "features", (1, 8, 8, 8), opts=conv)
    small.op("CONV_2D", "features w2 b2", "scores", (1, 8, 8, 5), opts=conv)
    small.out("scores")
    return small.data() if kind == "float32" else small.quantized(kind, io_dtype)


def image(seed: int = 0) -> np.ndarray:
    """An input for the files above."""
    return np.random.default_rng(seed).uniform(-3, 3, SHAPE).astype(np.float32)


def interpret(data: bytes, sample: np.ndarray) -> list[np.ndarray]:
    """The outputs of the Python interpreter, in the order of the file."""
    with captured_stderr():
        interpreter = Interpreter(model_content=data, num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample)
        interpreter.invoke()
        return [interpreter.get_tensor(port["index"]) for port in interpreter.get_output_details()]
