"""A file on the host: the inputs that every device gets, and the outputs that it must give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from _edgeship.device_bench.measurement.moved_inputs import kept_if_moved
from _edgeship.device_bench.results.records import DeviceParity
from _edgeship.errors import DeviceError, VerificationError

_SEED = 0
#: SQNR in dB that the outputs of a quantized file need. It computes with integers, so devices agree
#: bit for bit or but for the rounding of single steps; wrong kernels gave about 0 dB.
_QUANTIZED_SQNR_DB = 20.0
#: How far below `kept_if_moved` an accelerator may be, in dB, where that asks for less.
_BELOW_MOVED_DB = 3.0
#: What is asked for however little moved inputs leave: outputs of zeros have 0 dB.
_LEAST_SQNR_DB = 3.0


@dataclass(frozen=True)
class Reference:
    """What the host computed.

    Attributes:
        inputs: The bytes of each input, in the order of the file's first signature.
        outputs: Each output with the shape and type that it has in the file, in the same order.
        details: The interpreter's description of each output.
        kind: How exact the outputs must be: a key of `TOLERANCES`, or "quantized".
        name: Name and version of what ran, for people.
        least_sqnr_db: What a quantized file must keep.
    """

    inputs: tuple[bytes, ...]
    outputs: tuple[np.ndarray, ...]
    details: tuple[Mapping[str, Any], ...]
    kind: str
    name: str
    least_sqnr_db: float = _QUANTIZED_SQNR_DB


def run_on_host(data: bytes, accelerator: str) -> Reference:
    """Run a file in LiteRT on the host, on inputs from a fixed seed.

    Inputs are drawn from a normal distribution, which normalised images are close to; integers
    without a scale are 0, since which values are allowed depends on the network.

    Args:
        data: The bytes of the file.
        accelerator: What the device will use: GPUs and NPUs compute with 16-bit floats.

    Raises:
        InputError: It is no TFLite file.
        VerificationError: The host's runtime refuses it or fails.
    """
    from _edgeship.export.runtimes.apart import run_apart

    return run_apart("Running the file in LiteRT on the host", _reference, data, accelerator)


def _reference(data: bytes, accelerator: str) -> Reference:
    """Return what `run_on_host` does, in the process of the file."""
    network = _Network(data)
    generator = np.random.default_rng(_SEED)
    inputs = [_draw(detail, generator) for detail in network.inputs]
    outputs = network.run(inputs)
    kind = _kind(data, accelerator)
    least = _QUANTIZED_SQNR_DB
    if kind == "quantized" and accelerator != "cpu":
        kept = kept_if_moved(network.run, inputs, network.inputs, outputs, network.outputs)
        least = min(least, max(kept - _BELOW_MOVED_DB, _LEAST_SQNR_DB))
    return Reference(
        inputs=tuple(values.tobytes() for values in inputs),
        outputs=tuple(outputs),
        details=tuple(network.outputs),
        kind=kind,
        name=f"LiteRT {metadata.version('ai-edge-litert')} on the host",
        least_sqnr_db=least,
    )


class _Network:
    """A file in the interpreter, with its ports in the order of the first signature.

    Attributes:
        inputs: The interpreter's description of each input.
        outputs: That of each output.
    """

    def __init__(self, data: bytes) -> None:
        from _edgeship.export.runtimes.interpreters import open_interpreter
        from _edgeship.export.tflite.reading import read_model

        model = read_model(data)
        self._interpreter = open_interpreter(data)
        self.inputs: list[Mapping[str, Any]] = list(self._interpreter.get_input_details())
        self.outputs: list[Mapping[str, Any]] = list(self._interpreter.get_output_details())
        if model.signatures and model.signatures[0].subgraph == 0:
            by_index = {detail["index"]: detail for detail in (*self.inputs, *self.outputs)}
            self.inputs = [by_index[index] for index in model.signatures[0].inputs]
            self.outputs = [by_index[index] for index in model.signatures[0].outputs]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the outputs.

        Raises:
            VerificationError: The runtime fails.
        """
        from _edgeship.at_risk import at_risk
        from _edgeship.export.runtimes.interpreters import explain
        from _edgeship.export.runtimes.quiet import Captured, captured_stderr

        captured = Captured()
        try:
            with (
                at_risk("Running the file in LiteRT on the host", exit_code=3),
                captured_stderr() as captured,
            ):
                for detail, values in zip(self.inputs, inputs, strict=True):
                    self._interpreter.set_tensor(detail["index"], values)
                self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise VerificationError(
                "LiteRT on the host fails when it runs the file.", why=explain(error, captured)
            ) from error
        return [np.array(self._interpreter.get_tensor(one["index"])) for one in self.outputs]


def check_outputs(reference: Reference, outputs: Sequence[bytes], where: str) -> DeviceParity:
    """Compare a device's outputs with the host's.

    Args:
        reference: What the host computed.
        outputs: The raw bytes of each output.
        where: The file and the device, for messages.

    Raises:
        DeviceError: The number or the sizes of the outputs are not the host's.
        VerificationError: They differ from the host's by more than rounding explains.
    """
    from _edgeship.export.runtimes.affine import dequantize
    from _edgeship.export.verification.metrics import compare

    sizes = [values.nbytes for values in reference.outputs]
    if [len(output) for output in outputs] != sizes:
        raise DeviceError(
            "The device's outputs have other sizes than the host's.",
            where=where,
            why=f"{[len(output) for output in outputs]} bytes where the host has {sizes}",
        )
    arrays = [
        np.frombuffer(output, values.dtype).reshape(values.shape)
        for output, values in zip(outputs, reference.outputs, strict=True)
    ]
    pairs = list(zip(reference.outputs, arrays, reference.details, strict=True))
    found = compare(
        [[dequantize(expected, detail) for expected, _, detail in pairs]],
        [[dequantize(given, detail) for _, given, detail in pairs]],
    )
    identical = all(expected.tobytes() == given.tobytes() for expected, given, _ in pairs)
    if not identical:
        _judge(found, reference, where)
    return DeviceParity(
        identical=identical,
        max_rel=found.max_rel,
        sqnr_db=None if identical else found.sqnr_db,
        reference=reference.name,
    )


def _draw(detail: Mapping[str, Any], generator: np.random.Generator) -> np.ndarray:
    from _edgeship.export.runtimes.affine import quantize

    shape, dtype = tuple(detail["shape"]), np.dtype(detail["dtype"])
    values = generator.standard_normal(shape).astype(np.float32)
    quantized = len(detail["quantization_parameters"]["scales"]) > 0
    if np.issubdtype(dtype, np.floating) or quantized:
        return quantize(values, detail)
    return np.zeros(shape, dtype)


def _kind(data: bytes, accelerator: str) -> str:
    from _edgeship.export.tflite.inspection import inspect

    found = inspect(data)
    scheme = found.quantization.scheme
    if scheme not in ("none", "float16 weights"):
        return "quantized"
    half = scheme != "none" or "reduced_precision_support" in found.metadata
    return "fp16" if half or accelerator != "cpu" else "float"


def _judge(found: Any, reference: Reference, where: str) -> None:
    from _edgeship.export.verification.judge import judge

    if reference.kind != "quantized":
        problem = judge(found, reference.kind)
    elif found.sqnr_db >= reference.least_sqnr_db:
        problem = None
    else:
        problem = (
            f"The SQNR is {found.sqnr_db:.1f} dB; the same quantized file on two runtimes needs "
            f"{reference.least_sqnr_db:.0f} dB."
        )
    if problem is not None:
        raise VerificationError(
            "The device does not compute what the host computes.",
            where=where,
            why=problem,
            todo="a wrong answer has no speed: try --accelerator cpu or another --runner, and "
            "report it with the file",
        )
