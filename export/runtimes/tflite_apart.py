"""A TFLite file in a runtime in a process of its own, which it may crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Any, cast

import numpy as np

from _edgeship.export.runtimes.apart import Apart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import Detail, TFLiteSession
from _edgeship.export.runtimes.values import Sample


class SessionApart:
    """What `TFLiteSession` is, of a file that nobody vouches for; use it as a context manager.

    Args:
        data: The whole file.
        io: How its inputs and outputs relate to the ONNX graph's.
        runtime: A key of `export.runtimes.interpreters.RUNTIMES`.

    Raises:
        InputError: As for `TFLiteSession`.
        VerificationError: Likewise; or the runtime crashed or hung, as in all methods.
    """

    def __init__(self, data: bytes, io: FileIO, runtime: str = "litert") -> None:
        self._apart = Apart(f"Opening the file in {runtime}", TFLiteSession, data, io, runtime)

    def __enter__(self) -> SessionApart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._apart.close()

    def run(self, sample: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return all outputs for one sample."""
        return cast("list[np.ndarray]", self._apart.call("run", sample))

    def run_stored(self, feeds: list[np.ndarray]) -> list[np.ndarray]:
        """Return all outputs as the file stores them, from inputs as it stores them."""
        return cast("list[np.ndarray]", self._apart.call("run_stored", feeds))

    def feeds(self, sample: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return a sample as the file stores its inputs."""
        return cast("list[np.ndarray]", self._apart.call("feeds", sample))

    def results(self, raw: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return outputs as the file stores them as `run` returns them."""
        return cast("list[np.ndarray]", self._apart.call("results", list(raw)))

    @property
    def tensor_names(self) -> tuple[list[str], list[str]]:
        """What the file calls the tensors of its inputs and outputs, in the order of the ports."""
        return cast("tuple[list[str], list[str]]", self._apart.call("tell", "tensor_names"))

    @property
    def output_types(self) -> list[np.dtype[Any]]:
        """The types of its outputs, in the order of the ports."""
        return cast("list[np.dtype[Any]]", self._apart.call("tell", "output_types"))

    def nodes(self) -> list[Detail]:
        """Return what the interpreter knows of its nodes."""
        return cast("list[Detail]", self._apart.call("nodes"))

    def tensors(self) -> dict[int, Detail]:
        """Return the details of all tensors of the first subgraph by their index."""
        return cast("dict[int, Detail]", self._apart.call("tensors"))


class Interpreters:
    """As many interpreters of one file as threads ask at once, each with one thread of its own.

    Pictures side by side are done sooner than the operators of one picture.

    Args:
        data: The whole file.
        io: How its inputs and outputs relate to the ONNX graph's.
        batch: As for `TFLiteSession`.
        count: How many there are.
    """

    def __init__(self, data: bytes, io: FileIO, batch: int | None, count: int) -> None:
        self._idle: SimpleQueue[TFLiteSession] = SimpleQueue()
        for _ in range(count):
            self._idle.put(TFLiteSession(data, io, threads=1, batch=batch))

    def run(self, sample: Sample) -> list[np.ndarray]:
        """Return all outputs for one sample, in ONNX axis order."""
        session = self._idle.get()
        try:
            return session.run_beside_others(sample)
        finally:
            self._idle.put(session)
