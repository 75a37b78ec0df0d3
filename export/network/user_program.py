"""Import, build, capture and run a PyTorch network, as a program in a process of its own.

`user_process.py` starts this file for networks that users define in Python. The file imports
nothing else of edgeship, and its folder is taken off the path, so that no module of the user's can
meet one of ours, whatever the two are called. What the user's code does to the interpreter (its
path, its streams, its exit) is done to this process only.

Requests come as lines of JSON on one pipe and are answered on another; stdin, stdout and stderr
are the user's. Arrays and graphs travel in files. When the pipe of the requests closes, because
the parent has finished or has died, this process ends at once.

The functions that take a module are also used by `capture.py` and `definition.py`, on modules that
live in their own process.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.util
import io
import json
import logging
import os
import queue
import re
import shutil
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from torch import Tensor, nn

#: Old enough for every reader of ONNX in the field, new enough for each operator used here.
OPSET = 18

#: Seeds the weights of networks that come without any, so that two runs write the same bytes.
SEED = 0

#: What a file is imported as when its own name already means another module.
_PRIVATE_NAME = "_user_network"


class Refused(Exception):  # noqa: N818  (the parent makes an error of it)
    """A network cannot be used, for a reason that we know.

    Attributes:
        what: One sentence.
        why: The cause.
        todo: What the user can do about it.
        unsupported: Whether PyTorch lacks something, rather than the network being wrong.
    """

    def __init__(
        self, what: str, *, why: str = "", todo: str = "", unsupported: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.unsupported = unsupported


def folded(module: nn.Module) -> nn.Module | None:
    """Return a copy of a network with its training branches folded; None if it has none.

    Networks such as RepVGG (arXiv 2101.03697) train several parallel convolutions that sum to one.
    By convention their `reparameterize()` puts that one in their place.

    Args:
        module: The network; it is left as it is.

    Raises:
        Refused: Its `reparameterize()` fails.
    """
    if not callable(getattr(module, "reparameterize", None)):
        return None
    copied = copy.deepcopy(module).eval()
    try:
        copied.reparameterize()  # type: ignore[operator]
    except Exception as error:  # the method is the user's own code
        raise Refused(
            "The network's reparameterize() failed.", why=f"{type(error).__name__}: {error}"
        ) from error
    return copied.eval()


def to_onnx(
    module: nn.Module, shapes: Sequence[Sequence[int]], dtypes: Sequence[str] = ()
) -> tuple[onnx.ModelProto, str]:
    """Export a module with ``torch.onnx.export``.

    What ``torch.export`` cannot take is traced by the exporter for TorchScript: that follows the
    path which one input takes through the code, and the caller compares the two on others.

    Args:
        module: A float32 network on the CPU. It is exported in eval mode; its mode is put back.
        shapes: Shape of each input, batch first (NCHW).
        dtypes: Type of each input, by torch's name; float32 for all if there are none.

    Returns:
        The graph, and why the network was traced; "" if it was not. Outputs that the network
        returns under names have these names, with ``_`` between those of nested collections.

    Raises:
        Refused: The network does not run on such inputs, or torch cannot export it; ``why`` is
            torch's own reason.
    """
    import torch

    kinds = [getattr(torch, dtype) for dtype in dtypes or ["float32"] * len(shapes)]
    inputs = tuple(
        torch.zeros(*shape, dtype=kind, device="cpu")
        for shape, kind in zip(shapes, kinds, strict=True)
    )
    with _eval_mode(module):
        try:
            with _quiet(), torch.no_grad():
                result = module(*inputs)
        except Exception as error:
            raise Refused(
                f"The network does not run on inputs of shape {list_shapes(shapes)}.",
                why=first_line(error),
                todo="give the shapes it expects, batch first, for example --input 1,3,224,224; "
                "of integers, with their type: --input 1,16:int64",
            ) from error
        names = output_names(result)
        try:
            return _exported(module, inputs, names), ""
        except Exception as error:
            reason = first_line(error)
        try:
            return _traced(module, inputs, names or _numbered(result)), reason
        except Exception as error:
            raise Refused(
                "torch could not turn the network into ONNX.",
                why=f"{reason}; and the exporter for TorchScript: {first_line(error)}",
                todo="see https://pytorch.org/docs/stable/onnx.html for what torch.export needs",
                unsupported=True,
            ) from error


def _exported(
    module: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str] | None
) -> onnx.ModelProto:
    import onnx_ir as ir
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        raise TypeError("it is a TorchScript module")
    with _quiet():
        program = torch.onnx.export(
            module,
            inputs,
            dynamo=True,
            opset_version=OPSET,
            output_names=names,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    return ir.to_proto(program.model)


def _traced(module: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str]) -> onnx.ModelProto:
    import onnx
    import torch

    written = io.BytesIO()
    export: Any = torch.onnx.export  # which takes a stream for traces alone
    with _quiet():
        export(
            module,
            inputs,
            written,
            dynamo=False,
            opset_version=OPSET,
            input_names=_input_names(module, len(inputs)),
            output_names=list(names),
        )
    return onnx.load_model_from_string(written.getvalue())


def _input_names(module: nn.Module, count: int) -> list[str]:
    """Return what the network calls its inputs, as far as its signature tells."""
    import inspect

    import torch

    if isinstance(module, torch.jit.ScriptModule):
        forward: Any = module.forward
        found = [argument.name for argument in forward.schema.arguments[1:]]
    else:
        signature = inspect.signature(module.forward)
        found = [
            name for name, one in signature.parameters.items() if one.kind < one.VAR_POSITIONAL
        ]
    return [found[i] if i < len(found) else f"input_{i}" for i in range(count)]


def output_names(result: object) -> list[str] | None:
    """Return a name for each tensor of a result, in order; None if it gives them none.

    The keys of mappings and the fields of named tuples are names; in a plain tuple or list inside
    of one, the position is.
    """
    if not _is_named(result):
        return None
    names: list[str] = []
    for path in _paths(result):
        parts = ["output", *path] if isinstance(path[0], int) else path
        name = "_".join(re.sub(r"\W+", "_", str(part)) for part in parts)
        while name in names:
            name += "_"
        names.append(name)
    return names


def _is_named(result: object) -> bool:
    if isinstance(result, Mapping) or hasattr(result, "_fields"):
        return True
    return isinstance(result, tuple | list) and any(_is_named(item) for item in result)


def _paths(result: object) -> Iterator[tuple[object, ...]]:
    items: Sequence[tuple[object, object]] = []
    if isinstance(result, Mapping):
        items = list(result.items())
    elif isinstance(result, tuple | list):
        items = list(zip(getattr(result, "_fields", range(len(result))), result, strict=True))
    else:
        yield ()
    for key, item in items:
        for path in _paths(item):
            yield (key, *path)


def _numbered(result: object) -> list[str]:
    return [f"output_{i}" for i, _ in enumerate(_tensors(result))]


def run(module: nn.Module, samples: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """Run a module in eval mode; its mode is put back.

    Args:
        module: A float32 network on the CPU.
        samples: Per sample, the arrays of all inputs, passed by position.

    Returns:
        Per sample, all tensors of the result, with tuples, lists and mappings flattened in
        order; floating point as float32.

    Raises:
        Refused: The module returns something that is not made of tensors.
    """
    import torch

    # torch warns about arrays that it may not write to, so it is given copies.
    with _eval_mode(module), torch.inference_mode():
        return [
            [_to_numpy(t) for t in _tensors(module(*(torch.from_numpy(a.copy()) for a in sample)))]
            for sample in samples
        ]


def parameters(module: nn.Module) -> int:
    """Return how many numbers the parameters of a module hold."""
    return sum(parameter.numel() for parameter in module.parameters())


def first_line(error: BaseException) -> str:
    """Return the innermost cause's first line: torch wraps the reason in layers of advice."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def list_shapes(shapes: Sequence[Sequence[int]]) -> str:
    """Return shapes as ``--input`` takes them: ``1,3,224,224 and 1,10``."""
    return " and ".join(",".join(str(extent) for extent in shape) for shape in shapes)


@contextlib.contextmanager
def _eval_mode(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    with contextlib.suppress(NotImplementedError):  # of an exported program, which has one mode
        module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks (about torchvision, its own deprecations) off the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _tensors(result: object) -> Iterator[Tensor]:
    import torch

    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, Mapping):
        for item in result.values():
            yield from _tensors(item)
    elif isinstance(result, tuple | list):
        for item in result:
            yield from _tensors(item)
    else:
        raise Refused(
            f"The module returns a {type(result).__name__} where a tensor is expected.",
            todo="Return a tensor, or a tuple, list or mapping of tensors.",
        )


def _to_numpy(tensor: Tensor) -> np.ndarray:
    import numpy as np
    import torch

    # NumPy knows no bfloat16.
    wide = tensor.to(torch.float32) if tensor.is_floating_point() else tensor
    return np.array(wide.numpy())


# From here on: the program.


class _User:
    """The user's code and the network that it builds. Each method answers one kind of request."""

    def __init__(self) -> None:
        self._front: list[str] = []
        self._function: Any = None
        self._module: Any = None
        self._shapes: list[list[int]] = []
        self._dtypes: list[str] = []

    def load(self, place: str, function: str) -> None:
        """Import ``package.module`` or a .py file, and find the function that it defines."""
        import torch

        torch.manual_seed(SEED)  # for modules that build their network while they are imported
        # The file or package named, and not this program, is what is running.
        sys.argv[:] = [place]
        if place.endswith(".py"):
            path = Path(place).resolve()
            root, package = _package_of(path)
            self._put_in_front(str(root), str(Path.cwd()))
            if str(path.parent) not in sys.path:
                sys.path.append(str(path.parent))
            module = _import_file(path, package)
        else:
            self._put_in_front(str(Path.cwd()))
            module = importlib.import_module(place)
        self._function = getattr(module, function, None)
        if isinstance(self._function, torch.nn.Module):  # the network itself
            network = self._function
            self._function = lambda: network
        if not callable(self._function):
            raise Refused(
                f"{place} has no function {function!r}.",
                todo="write FILE.py:FUNCTION, where FUNCTION() returns the network",
            )

    def build(self, named: str) -> None:
        """Call the function."""
        import torch
        from torch import nn

        torch.manual_seed(SEED)
        built = self._function()
        if not isinstance(built, nn.Module):
            raise Refused(f"{named}() returned {type(built).__name__}, not a torch.nn.Module.")
        self._module = built.cpu().float().eval()
        # The exporter imports much of the standard library and of its own packages late: files of
        # the user with such names must no longer come first.
        sys.path[:] = [folder for folder in sys.path if folder not in self._front] + self._front

    def open(self, path: str) -> dict[str, list[Any]]:
        """Read a network that torch has saved whole: a .pt2 file, or a TorchScript archive.

        Returns:
            Shape and type of each input, as far as the file tells.
        """
        import torch

        torch.manual_seed(SEED)
        if path.endswith(".pt2"):
            program = torch.export.load(path)
            self._module = program.module()
            given, _ = program.example_inputs or ((), {})
            tensors = [one for one in given if isinstance(one, torch.Tensor)]
            self._shapes = [list(one.shape) for one in tensors]
            self._dtypes = [str(one.dtype).removeprefix("torch.") for one in tensors]
        else:
            load: Any = torch.jit.load
            self._module = load(path, map_location="cpu").float().eval()
        return {"shapes": self._shapes, "dtypes": self._dtypes}

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

    def _put_in_front(self, *folders: str) -> None:
        self._front = list(dict.fromkeys(folders))
        sys.path[:0] = self._front


def write_arrays(path: Path, lists: Sequence[Sequence[np.ndarray]]) -> None:
    """Write lists of arrays into an uncompressed .npz file."""
    import numpy as np

    named: dict[str, Any] = {"counts": np.array([len(arrays) for arrays in lists], np.int64)}
    for i, arrays in enumerate(lists):
        named |= {f"{i}.{j}": array for j, array in enumerate(arrays)}
    with path.open("wb") as file:
        np.savez(file, **named)


def read_arrays(path: Path) -> list[list[np.ndarray]]:
    """Return what `write_arrays` wrote."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        return [[file[f"{i}.{j}"] for j in range(count)] for i, count in enumerate(file["counts"])]


def _package_of(path: Path) -> tuple[Path, str]:
    """Return the folder that a file's imports start from, and the package that the file is in.

    The folders upwards that have an ``__init__.py`` are the package; "" if there is none.
    """
    folder = path.parent
    parts: list[str] = []
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _import_file(path: Path, package: str) -> ModuleType:
    """Import a file under the name that its neighbours know it by."""
    if package:
        importlib.import_module(package)
    own = [] if path.stem == "__init__" else [path.stem]
    name = ".".join([*([package] if package else []), *own])
    if _finds(name, path):
        return importlib.import_module(name)
    # The name means another module (json.py, or models.py beside models/), or is none (my-net.py).
    name = f"{package}.{_PRIVATE_NAME}" if package else _PRIVATE_NAME
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _finds(name: str, path: Path) -> bool:
    """Return whether importing a name executes this very file."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # the name of a running program, such as __main__
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path


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
    except Exception:  # an exception of the user's may be unable to say what it is
        message = "(it has no message)"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != __file__ and not _is_installed(f.filename)]
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


def main() -> None:
    """Answer requests until there are no more."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() != here]
    requests, replies, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for number in (requests, replies):
        os.set_inheritable(number, False)
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    incoming = os.fdopen(requests, encoding="utf-8")
    outgoing = os.fdopen(replies, "w", encoding="utf-8")
    threading.Thread(target=_listen, args=(incoming, waiting, folder), daemon=True).start()
    user = _User()
    while True:
        outgoing.write(json.dumps(_answer(user, waiting.get())) + "\n")
        outgoing.flush()


if __name__ == "__main__":
    main()
