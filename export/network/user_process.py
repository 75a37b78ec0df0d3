"""A network that a user defines in Python, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.array_files import read_arrays, write_arrays

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.runtimes.values import Outputs, Sample

#: What runs in the process.
_PROGRAM = Path(__file__).with_name("user_program.py")

#: Seconds between two looks at whether the process still lives, while it does not answer.
_PATIENCE = 0.2

#: How many of the last lines that it printed an error shows.
_SHOWN_LINES = 5


class UserProcess:
    """The network that a user's function returns; see `definition.Definition`.

    The process runs `user_program.py`. Nothing that the user's code does there reaches ours:
    however it ends, it becomes an InputError. The process and its temporary folder are gone after
    `close()`, when this object is collected, and when our process ends.

    Attributes:
        reference: What its outputs come from.
        is_graph: False: the graph is a translation, which may be wrong.
        folds: Whether training branches were folded by the capture.
        traced: Why the capture traced it as TorchScript, or "".
        shapes: Shape of each input, as far as a file of torch's own tells; empty for functions.
        dtypes: Likewise, the types.
    """

    reference = "torch"
    is_graph = False
    capture_kind = "float"

    def __init__(self, place: str, function: str = "", dtypes: Sequence[str] = ()) -> None:
        """Start the process, import the module and build the network, or read it.

        Args:
            place: ``FILE.py`` or ``package.module``; or a file that torch has saved the whole
                network in: a .pt2 file or a TorchScript archive.
            function: What the module calls the function, which takes no arguments; "" for a file
                of torch's.
            dtypes: Type of each input, by torch's name; float32 for all if there are none.

        Raises:
            InputError: The user's code fails, ends the process, or builds no network.
        """
        self.folds = False
        self.traced = ""
        self.shapes: tuple[Shape, ...] = ()
        self.dtypes = tuple(dtypes)
        self._parameters = 0
        self._folder = Path(tempfile.mkdtemp(prefix="edgeship-"))
        self._printed = self._folder / "printed.txt"
        self._process, self._requests, self._replies = _start(self._folder, self._printed)
        self._close = weakref.finalize(
            self, _end, self._process, (self._requests, self._replies), self._folder
        )
        self._buffer = b""
        named = f"{place}:{function}"
        try:
            if function:
                self._ask(f"{place} cannot be imported.", "load", place=place, function=function)
                self._ask(f"{named}() failed.", "build", named=named)
            else:
                found = self._ask(f"{place} cannot be read.", "open", path=str(Path(place)))
                self.shapes = tuple(tuple(shape) for shape in found["shapes"])
                self.dtypes = self.dtypes or tuple(found["dtypes"])
        except BaseException as error:
            self.close()
            if isinstance(error, InputError) and "attempted relative import" in error.why:
                error.todo = (
                    "name it as package.module:FUNCTION, from the folder that the package is in"
                )
            raise

    def load_weights(self, path: str) -> None:
        """Copy every tensor of a checkpoint into the network.

        The checkpoint is read here, where files are taken to be hostile, and not by the user's
        code.

        Raises:
            InputError: The checkpoint is unreadable or does not fit.
        """
        import torch
        from safetensors.torch import save_file

        from _edgeship.models.weights.checkpoints import read_fitting

        failed = "The network does not take the weights."
        described = self._ask(failed, "tensors")
        expected = {
            key: torch.empty(shape, dtype=getattr(torch, dtype), device="meta")
            for key, (shape, dtype) in described.items()
        }
        state = read_fitting(path, expected)
        file = self._folder / "weights.safetensors"
        # The format knows no tensors that share memory, or have gaps.
        save_file({key: value.clone().contiguous() for key, value in state.items()}, file)
        self._ask(failed, "fill", path=str(file))

    def parameters(self) -> int:
        """Return how many numbers its parameters hold; known after `capture`."""
        return self._parameters

    def capture(self, shapes: Sequence[Shape]) -> ir.Model:
        """Return the network as an ONNX graph with static shapes.

        Raises:
            InputError: It does not run on such inputs, or the user's code fails.
            UnsupportedError: torch cannot export it.
        """
        import onnx
        import onnx_ir as ir

        from _edgeship.export.preparation.prepare import prepare_captured

        file = self._folder / "captured.onnx"
        sizes = [list(shape) for shape in shapes]
        failed = "The network cannot be captured."
        dtypes = list(self.dtypes)
        found = self._ask(failed, "capture", shapes=sizes, dtypes=dtypes, path=str(file))
        self.folds, self._parameters = found["folds"], found["parameters"]
        self.traced = found["traced"]
        return prepare_captured(ir.from_proto(onnx.ModelProto.FromString(file.read_bytes())))

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return what the network computes; see `torch_network.run`.

        Raises:
            InputError: The user's code fails, or returns something that is no tensor.
        """
        inputs, outputs = self._folder / "samples.npz", self._folder / "outputs.npz"
        write_arrays(inputs, [list(sample.values()) for sample in samples])
        self._ask("The network cannot be run.", "run", samples=str(inputs), outputs=str(outputs))
        return read_arrays(outputs)

    def close(self) -> None:
        """End the process and everything that it has started; remove its temporary files."""
        self._close()

    def _ask(self, failed: str, do: str, **arguments: Any) -> Any:
        """Return the result of a request.

        Args:
            failed: The sentence for the case that the user's code fails.
            do: The method of `user_requests._User` that answers.
            **arguments: What it is given.
        """
        line = json.dumps({"do": do, **arguments}).encode() + b"\n"
        try:
            self._requests.write(line)
            self._requests.flush()
            answer = self._answer()
        except BrokenPipeError:
            answer = None
        if answer is None:
            raise InputError(failed, why=f"{self._how_it_ended()}{self._last_lines()}")
        if "raised" in answer:
            raised = answer["raised"]
            why = f"{raised['kind']}: {raised['message']}{self._last_lines()}"
            raise InputError(failed, where=raised["where"], why=why) from _UserTraceback(
                raised["traceback"]
            )
        if "refused" in answer:
            refused = answer["refused"]
            kind = UnsupportedError if refused.pop("unsupported") else InputError
            raise kind(refused["what"], why=refused["why"], todo=refused["todo"])
        return answer["result"]

    def _answer(self) -> dict[str, Any] | None:
        """Return the next reply, or None if the process ends without one.

        The end of the pipe is no sure sign: a process that the user's code has forked keeps it.
        """
        while b"\n" not in self._buffer:
            ended = self._process.poll() is not None
            readable, _, _ = select.select([self._replies], [], [], 0 if ended else _PATIENCE)
            chunk = os.read(self._replies.fileno(), 1 << 16) if readable else b""
            if not chunk and (readable or ended):
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "its process closed the connection to edgeship"
        if code < 0:
            name = signal.Signals(-code).name
            memory = "; perhaps the memory ran out" if name == "SIGKILL" else ""
            return f"its process was ended by the signal {name}{memory}"
        return f"its process ended itself with exit code {code}"

    def _last_lines(self) -> str:
        """Return the last lines that the user's code printed, as the end of a sentence."""
        text = self._printed.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if line.strip()][-_SHOWN_LINES:]
        return "".join(
            ["; it printed last:", *(f"\n    {line}" for line in lines)] if lines else []
        )


class _UserTraceback(Exception):  # noqa: N818  (never raised)
    """Shows, as the cause of an error, where the user's code raised it."""

    def __str__(self) -> str:
        return f"in the network's own process\n{self.args[0]}"


def _start(folder: Path, printed: Path) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Return the process, the pipe for requests to it and the one for its replies."""
    their_requests, requests = os.pipe()
    replies, their_replies = os.pipe()
    try:
        with printed.open("wb") as output:
            # A session of its own: Ctrl-C is ours to handle, and what it forks ends with it.
            process = subprocess.Popen(  # noqa: S603  (our own program)
                [
                    sys.executable,
                    "-u",
                    str(_PROGRAM),
                    str(their_requests),
                    str(their_replies),
                    str(folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(their_requests, their_replies),
                start_new_session=True,
            )
    finally:
        os.close(their_requests)
        os.close(their_replies)
    return process, os.fdopen(requests, "wb"), os.fdopen(replies, "rb")


def _end(process: subprocess.Popen[bytes], pipes: Sequence[IO[bytes]], folder: Path) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended, and nothing that it started is left
    except PermissionError:
        process.kill()  # macOS says so of a group of which only the dead leader is left
    process.wait()
    for pipe in pipes:
        with contextlib.suppress(BrokenPipeError):  # of a request that it did not read
            pipe.close()
    shutil.rmtree(folder, ignore_errors=True)
