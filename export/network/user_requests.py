"""Answer requests about a network of the user's, in the process that it lives in.

Requests come as lines of JSON on one pipe and are answered on another; stdin, stdout and stderr
are the user's. Arrays and graphs travel in files. When the pipe of the requests closes, because
the parent has finished or has died, this process ends at once.

`user_program.py` starts this. What is imported here is imported there: files of this folder that
import nothing of edgeship but one another, at their top.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO

from _edgeship.export.network.array_files import read_arrays, write_arrays
from _edgeship.export.network.pretrained_cfg import stated_by
from _edgeship.export.network.torch_export import to_onnx
from _edgeship.export.network.torch_network import (
    SEED,
    Refused,
    folded,
    open_saved,
    parameters,
    run,
)
from _edgeship.export.network.user_imports import import_named, put_behind
from _edgeship.export.network.user_sampling import taken

#: Where edgeship's own files lie that run in this process.
_HERE = Path(__file__).parent


class _User:
    """The user's code and the network that it builds. Each method answers one kind of request."""

    def __init__(self) -> None:
        self._front: list[str] = []
        self._function: Any = None
        self._module: Any = None

    def load(self, place: str, function: str) -> None:
        """Import ``package.module`` or a .py file, and find the function that it defines."""
        import torch

        torch.manual_seed(SEED)  # for modules that build their network while they are imported
        # The file or package named, and not this program, is what is running.
        sys.argv[:] = [place]
        module, self._front = import_named(place)
        self._function = getattr(module, function, None)
        if isinstance(self._function, torch.nn.Module):  # the network itself
            network = self._function
            self._function = lambda: network
        if not callable(self._function):
            raise Refused(
                f"{place} has no function {function!r}.",
                todo="write FILE.py:FUNCTION, where FUNCTION() returns the network",
            )

    def build(self, named: str) -> dict[str, Any]:
        """Call the function.

        Returns:
            What the network states of its pictures.
        """
        import torch
        from torch import nn

        torch.manual_seed(SEED)
        built = self._function()
        if not isinstance(built, nn.Module):
            raise Refused(f"{named}() returned {type(built).__name__}, not a torch.nn.Module.")
        self._module = built.cpu().float().eval()
        # The exporter imports much of the standard library and of its own packages late: files of
        # the user with such names must no longer come first.
        put_behind(self._front)
        return {"stated": stated_by(built)}

    def open(self, path: str) -> dict[str, list[Any]]:
        """Read a network that torch has saved whole: a .pt2 file, or a TorchScript archive.

        Returns:
            Shape and type of each input, as far as the file tells.
        """
        import torch

        torch.manual_seed(SEED)
        self._module, shapes, dtypes = open_saved(path)
        return {"shapes": shapes, "dtypes": dtypes}

    def tensors(self) -> dict[str, tuple[list[int], str]]:
        """Return name -> shape and dtype of what a checkpoint has to fill."""
        state = self._module.state_dict()
        return {
            key: (list(value.shape), str(value.dtype).removeprefix("torch."))
            for key, value in state.items()
        }

    def fill(self, path: str) -> None:
        """Copy the tensors of a .safetensors file, which the parent has checked, into it."""
        from safetensors.torch import load_file

        self._module.load_state_dict(load_file(path), strict=False)

    def samples(self, named: str, limit: int, most_bytes: int, path: str) -> list[str]:
        """Call the function for samples; write some of them into an .npz file.

        Args:
            named: What the user calls the function.
            limit: Most samples.
            most_bytes: No further ones are taken when they fill so many.
            path: Of the file.

        Returns:
            The names of the inputs, "" where a sample is a single array.
        """
        samples = taken(self._function, named, limit, most_bytes)
        write_arrays(Path(path), [list(sample.values()) for sample in samples])
        return list(samples[0])

    def capture(self, shapes: list[list[int]], dtypes: list[str], path: str) -> dict[str, Any]:
        """Write the network as ONNX.

        Returns:
            Whether it was folded, why it was traced, and the number of its parameters.
        """
        without_branches = folded(self._module)
        graph, traced = to_onnx(without_branches or self._module, shapes, dtypes)
        Path(path).write_bytes(graph.SerializeToString())
        return {
            "folds": without_branches is not None,
            "traced": traced,
            "parameters": parameters(self._module),
        }

    def run(self, samples: str, outputs: str) -> None:
        """Run the samples in one .npz file; write what comes out into another."""
        found = run(self._module, read_arrays(Path(samples)))
        write_arrays(Path(outputs), found)


def _answer(user: _User, request: dict[str, Any]) -> dict[str, Any]:
    """Return what a request gives: its result, or how it failed."""
    method = request.pop("do")
    try:
        return {"result": getattr(user, method)(**request)}
    except Refused as error:
        keys = ("what", "why", "todo", "unsupported")
        return {"refused": {key: getattr(error, key) for key in keys}}
    except BaseException as error:
        return {"raised": _describe(error)}


def _describe(error: BaseException) -> dict[str, str]:
    """Return an exception in words: what, where in the user's files, and its traceback."""
    try:
        message = str(error)
    except BaseException:  # an exception of the user's may be unable to say what it is
        message = "(it has no message)"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).parent != _HERE and not _is_installed(f.filename)]
    return {
        "kind": type(error).__name__,
        "message": message,
        "where": f"{own[-1].filename}, line {own[-1].lineno}" if own else "",
        "traceback": "".join(traceback.format_tb(error.__traceback__)),
    }


def _is_installed(file: str) -> bool:
    """Return whether a file belongs to Python or to an installed package."""
    return file.startswith(("<", str(Path(os.__file__).parent))) or "site-packages" in file


def _listen(requests: TextIO, waiting: queue.SimpleQueue[dict[str, Any]], folder: str) -> None:
    """Queue the requests; after the last, end the process, whatever it is doing.

    The parent kills this process when it is done. If the parent itself was killed, its temporary
    folder is left to us.
    """
    for line in requests:
        waiting.put(json.loads(line))
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def serve(requests: int, replies: int, folder: str) -> None:
    """Answer requests until there are no more.

    Args:
        requests: The descriptor that they come on.
        replies: The descriptor that they are answered on.
        folder: The parent's temporary folder.
    """
    for number in (requests, replies):
        os.set_inheritable(number, False)
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    incoming = os.fdopen(requests, encoding="utf-8")
    outgoing = os.fdopen(replies, "w", encoding="utf-8")
    threading.Thread(target=_listen, args=(incoming, waiting, folder), daemon=True).start()
    user, own = _User(), os.getpid()
    while True:
        answer = _answer(user, waiting.get())
        if os.getpid() != own:
            os._exit(0)  # the user's code has forked, and the parent of this answers
        outgoing.write(json.dumps(answer) + "\n")
        outgoing.flush()
