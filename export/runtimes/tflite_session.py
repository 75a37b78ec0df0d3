"""A TFLite file opened by a runtime, fed and read in ONNX axis order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from _edgeship.at_risk import at_risk
from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes.affine import dequantize, quantize
from _edgeship.export.runtimes.interpreters import SignatureRunner, explain, open_interpreter
from _edgeship.export.runtimes.quiet import Captured, captured_stderr
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec

Detail = Mapping[str, Any]


class TFLiteSession:
    """Runs a file on samples in ONNX order.

    A file with exactly one signature is run through it, by name; any other by the order of its
    inputs and outputs.

    Args:
        data: The whole file.
        io: How its inputs and outputs relate to the ONNX graph's.
        runtime: A key of `export.runtimes.interpreters.RUNTIMES`.
        keep_intermediates: Keep all tensors readable with `tensor`.
        threads: How many to use; one for each core by default.
        batch: Extent of the first axis of all inputs, which the file is resized to; its own by
            default.

    Raises:
        InputError: The runtime is unknown, not installed or not usable.
        VerificationError: The runtime refuses the file, or the file lacks an input or output.
    """

    def __init__(
        self,
        data: bytes,
        io: FileIO,
        runtime: str = "litert",
        *,
        keep_intermediates: bool = False,
        threads: int | None = None,
        batch: int | None = None,
    ) -> None:
        self._io = io
        self._runtime = runtime
        self._interpreter = open_interpreter(
            data, runtime, keep_intermediates=keep_intermediates, threads=threads
        )
        if batch is not None:
            self._resize(batch)
        self._runner: SignatureRunner | None = None
        with self._described():
            if len(self._interpreter.get_signature_list()) == 1:
                self._runner = self._interpreter.get_signature_runner()
                self._inputs = _by_name(self._runner.get_input_details(), io.inputs, "input")
                self._outputs = _by_name(self._runner.get_output_details(), io.outputs, "output")
            else:
                inputs = self._interpreter.get_input_details()
                outputs = self._interpreter.get_output_details()
                self._inputs = _by_order(inputs, io.inputs, "input")
                self._outputs = _by_order(outputs, io.outputs, "output")

    def run(self, sample: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return all outputs for one sample.

        Args:
            sample: Input name to array, float32 in ONNX axis order; uint8 where the file takes the
                bytes of a picture.

        Returns:
            One array per output of the `FileIO`, in ONNX axis order: float32, dequantized if the
            file is quantized; integers that have no scale as they are.

        Raises:
            InputError: The sample lacks an input or has one of another shape or dtype.
            VerificationError: The runtime fails on the file.
        """
        return self.results(self.run_stored(self.feeds(sample)))

    def run_stored(self, feeds: list[np.ndarray]) -> list[np.ndarray]:
        """Return all outputs as the file stores them, from inputs as it stores them.

        Args:
            feeds: One for each input of the `FileIO`, in the file's type and axis order.

        Raises:
            VerificationError: The runtime fails on the file, or refuses these inputs.
        """
        captured = Captured()
        try:
            with captured_stderr() as captured:
                return self._invoke(feeds)
        except (ValueError, RuntimeError) as error:
            raise self._failure(error, captured) from error

    def run_beside_others(self, sample: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the same as `run`, while other threads run other sessions.

        What the runtime prints where it fails stays on the terminal: the whole process has but one
        standard error, which `run` redirects.

        Raises:
            InputError: As for `run`.
            VerificationError: Likewise.
        """
        feeds = self.feeds(sample)
        try:
            raw = self._invoke(feeds)
        except (ValueError, RuntimeError) as error:
            raise self._failure(error, Captured()) from error
        return self.results(raw)

    @contextmanager
    def _described(self) -> Iterator[None]:
        """Say that what the file says of its tensors cannot be, where reading it fails.

        Raises:
            VerificationError: It does.
        """
        try:
            yield
        except (ValueError, RuntimeError, IndexError) as error:  # names, too: they are no UTF-8
            raise VerificationError(
                f"The {self._runtime} runtime cannot tell what the file holds.", why=str(error)
            ) from error

    def _failure(self, error: Exception, captured: Captured) -> VerificationError:
        return VerificationError(
            f"The {self._runtime} runtime fails when it runs the file.",
            why=explain(error, captured),
        )

    def _resize(self, batch: int) -> None:
        """Give all inputs another extent of the first axis.

        Raises:
            VerificationError: The runtime refuses that.
        """
        captured = Captured()
        try:
            with captured_stderr() as captured:
                for detail in self._interpreter.get_input_details():
                    shape = [batch, *(int(extent) for extent in detail["shape"][1:])]
                    self._interpreter.resize_tensor_input(detail["index"], shape)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise VerificationError(
                f"The {self._runtime} runtime does not run the file on a batch of {batch}.",
                why=explain(error, captured),
            ) from error

    def feeds(self, sample: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return a sample as the file stores its inputs.

        Raises:
            InputError: The sample lacks an input or has one of another shape or dtype.
        """
        with self._described():
            return [
                _to_file(sample, port, detail)
                for port, detail in zip(self._io.inputs, self._inputs, strict=True)
            ]

    def results(self, raw: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return outputs as the file stores them as `run` returns them."""
        with self._described():
            return [
                from_file(dequantize(values, detail), port.perm)
                for values, port, detail in zip(raw, self._io.outputs, self._outputs, strict=True)
            ]

    @property
    def tensor_names(self) -> tuple[list[str], list[str]]:
        """What the file calls the tensors of its inputs and outputs, in the order of the ports."""
        return [str(one["name"]) for one in self._inputs], [
            str(one["name"]) for one in self._outputs
        ]

    @property
    def output_types(self) -> list[np.dtype[Any]]:
        """The types of its outputs, in the order of the ports."""
        return [np.dtype(one["dtype"]) for one in self._outputs]

    def tell(self, name: str) -> Any:
        """Return a property, for who can call methods only."""
        return getattr(self, name)

    def nodes(self) -> list[Detail]:
        """Return what the interpreter knows of its nodes: the file's operators, then delegates'.

        Each has an ``index``, an ``op_name``, and indices of tensors, ``inputs`` and ``outputs``.
        """
        # The only way to the nodes that the runtimes' Python interface has.
        with self._described():
            return list(self._interpreter._get_ops_details())

    def tensors(self) -> dict[int, Detail]:
        """Return the details of all tensors of the first subgraph by their index."""
        with self._described():
            details = self._interpreter.get_tensor_details()
        return {int(detail["index"]): detail for detail in details}

    def tensor(self, detail: Detail) -> np.ndarray:
        """Return the dequantized value a tensor had in the last run, in the file's axis order."""
        return dequantize(self._interpreter.get_tensor(detail["index"]), detail)

    def _invoke(self, feeds: list[np.ndarray]) -> list[np.ndarray]:
        with at_risk(f"Running the file in {self._runtime}", exit_code=3):
            return self._invoked(feeds)

    def _invoked(self, feeds: list[np.ndarray]) -> list[np.ndarray]:
        if self._runner is not None:
            named = {port.name: feed for port, feed in zip(self._io.inputs, feeds, strict=True)}
            results = self._runner(**named)
            return [results[port.name] for port in self._io.outputs]
        for detail, feed in zip(self._inputs, feeds, strict=True):
            self._interpreter.set_tensor(detail["index"], feed)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(detail["index"]) for detail in self._outputs]


def from_file(values: np.ndarray, perm: Sequence[int]) -> np.ndarray:
    """Return an array of the file in ONNX axis order; axis ``k`` holds ONNX axis ``perm[k]``."""
    # Not ascontiguousarray, which turns a scalar into an array of one element.
    return np.asarray(values.transpose(np.argsort(perm)), order="C")


def _to_file(sample: Mapping[str, np.ndarray], port: PortSpec, detail: Detail) -> np.ndarray:
    if port.name not in sample:
        raise InputError(
            f"The sample has no input '{port.name}'.", why=f"it has {', '.join(sample) or 'none'}"
        )
    values = sample[port.name]
    # Checked here because a signature runner resizes the whole file to fit what it is given.
    expected = tuple(int(detail["shape"][axis]) for axis in np.argsort(port.perm))
    if values.shape != expected:
        raise InputError(
            f"Input '{port.name}' has shape {values.shape} where the file takes {expected}."
        )
    if port.channels is not None:
        return np.asarray(_bytes(values, port).transpose(port.perm), order="C")
    return np.asarray(quantize(values, detail).transpose(port.perm), order="C")


def _bytes(values: np.ndarray, port: PortSpec) -> np.ndarray:
    """Return a picture's bytes as they are: the file's scale says what it makes of them.

    Raises:
        InputError: They are no bytes.
    """
    if values.dtype != np.uint8:
        raise InputError(f"Input '{port.name}' takes the bytes of a picture, not {values.dtype}.")
    return values


def _by_name(details: Mapping[str, Detail], ports: tuple[PortSpec, ...], kind: str) -> list[Detail]:
    missing = [port.name for port in ports if port.name not in details]
    if missing or len(details) != len(ports):
        raise VerificationError(
            f"The file's signature does not have the {kind}s of the ONNX graph.",
            why=f"it has {sorted(details)} where {sorted(port.name for port in ports)} are needed",
        )
    return [details[port.name] for port in ports]


def _by_order(details: Sequence[Detail], ports: tuple[PortSpec, ...], kind: str) -> list[Detail]:
    if len(details) != len(ports):
        raise VerificationError(
            f"The file has {len(details)} {kind}s where the ONNX graph has {len(ports)}."
        )
    return list(details)
