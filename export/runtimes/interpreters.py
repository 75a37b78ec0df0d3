"""Open a TFLite file with one of the runtimes that may be installed."""
# ruff: noqa: D102  (the protocols' methods are the runtimes' own)

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import Any, Protocol

import numpy as np

from _edgeship.at_risk import at_risk
from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes.quiet import Captured, captured_stderr


class SignatureRunner(Protocol):
    """A named entry point of a file."""

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]: ...
    def get_input_details(self) -> dict[str, dict[str, Any]]: ...
    def get_output_details(self) -> dict[str, dict[str, Any]]: ...


class Interpreter(Protocol):
    """The part of the runtimes' common Python interface that is used here."""

    def allocate_tensors(self) -> None: ...
    def get_signature_list(self) -> Mapping[str, Any]: ...
    def get_signature_runner(self) -> SignatureRunner: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def get_tensor_details(self) -> list[dict[str, Any]]: ...
    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int]) -> None: ...
    def set_tensor(self, index: int, value: np.ndarray) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> np.ndarray: ...
    def _get_ops_details(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Runtime:
    """Where a runtime's interpreter class is found.

    Attributes:
        module: The module to import.
        interpreter: The class in it, dotted.
        install: The command that installs it.
        op_resolver: The member of the module's ``OpResolverType`` to ask for, if not the default.
    """

    module: str
    interpreter: str
    install: str
    op_resolver: str | None = None


RUNTIMES: dict[str, Runtime] = {
    "litert": Runtime("ai_edge_litert.interpreter", "Interpreter", "pip install ai-edge-litert"),
    # Plain C++ loops without a delegate: slow, and independent of XNNPACK.
    "litert-reference": Runtime(
        "ai_edge_litert.interpreter", "Interpreter", "pip install ai-edge-litert", "BUILTIN_REF"
    ),
    "tensorflow": Runtime("tensorflow", "lite.Interpreter", "pip install 'edgeship[tensorflow]'"),
    # Its last release has wheels up to Python 3.11, built for NumPy 1.
    "tflite-runtime": Runtime(
        "tflite_runtime.interpreter",
        "Interpreter",
        "pip install tflite-runtime 'numpy<2' (Python <= 3.11)",
    ),
}


#: How long a runtime may compute until a file is open: weights are packed then.
OPENING_S = 300

#: How much more memory that may take, beside so many times the size of the file.
OPENING_GIB = 3
_COPIES = 4


def open_interpreter(
    data: bytes,
    runtime: str = "litert",
    *,
    keep_intermediates: bool = False,
    threads: int | None = None,
) -> Interpreter:
    """Open a file and allocate its tensors, printing nothing.

    Args:
        data: The whole file.
        runtime: A key of `RUNTIMES`.
        keep_intermediates: Keep the value of every tensor readable after a run. Delegates are
            then applied to one operator at a time, so that they write every tensor.
        threads: How many to use; one for each core by default.

    Raises:
        InputError: The runtime is unknown, not installed, or does not work in this environment.
        VerificationError: The runtime refuses the file.
    """
    if runtime not in RUNTIMES:
        raise InputError(
            f"There is no runtime called '{runtime}'.", todo=f"choose from {', '.join(RUNTIMES)}"
        )
    create, options = _load(runtime)
    if keep_intermediates:
        options["experimental_preserve_all_tensors"] = True
    if not data:
        raise VerificationError(f"The {runtime} runtime refuses the file.", why="it is empty")
    captured = Captured()
    try:
        doing = f"Opening the file in {runtime}"
        memory = OPENING_GIB + _COPIES * len(data) / 2**30
        with (
            at_risk(doing, exit_code=3, seconds=OPENING_S, gigabytes=memory),
            captured_stderr() as captured,
            warnings.catch_warnings(),
        ):
            # The classes warn about their own deprecation and about memory.
            warnings.simplefilter("ignore", UserWarning)
            count = threads or os.cpu_count() or 1
            interpreter = create(model_content=data, num_threads=count, **options)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise VerificationError(
            f"The {runtime} runtime refuses the file.", why=explain(error, captured)
        ) from error
    except SystemError as error:
        # What a binary module built for another NumPy raises.
        raise _unusable(runtime, str(error.__cause__ or error)) from error
    return interpreter


def explain(error: Exception, captured: Captured) -> str:
    """Return what a runtime raised and what it printed, on one line."""
    message = " ".join(str(error).split())
    printed = captured.without_chatter()
    return message if printed in message else f"{message} ({printed})"


def _load(runtime: str) -> tuple[Callable[..., Interpreter], dict[str, Any]]:
    entry = RUNTIMES[runtime]
    try:
        with captured_stderr():
            module = import_module(entry.module)
            create: Callable[..., Interpreter] = attrgetter(entry.interpreter)(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"The {runtime} runtime is not installed.",
            why=str(error),
            todo=f"install it: {entry.install}",
        ) from error
    except (ImportError, AttributeError) as error:
        raise _unusable(runtime, str(error)) from error
    if entry.op_resolver is None:
        return create, {}
    resolver = getattr(module.OpResolverType, entry.op_resolver)
    return create, {"experimental_op_resolver_type": resolver}


def _unusable(runtime: str, why: str) -> InputError:
    return InputError(
        f"The {runtime} runtime is installed but does not work in this environment.",
        why=why,
        todo=f"install a version that fits: {RUNTIMES[runtime].install}",
    )
