"""What an accelerator's log means for a measurement: its driver, or why it does not take a file."""

from __future__ import annotations

import re

from _edgeship.device_bench.runners.base import Accelerated
from _edgeship.errors import DeviceError
from _edgeship.export.delegates.gpu_log import read_log

#: How many kinds of operators an error shows.
_SHOWN = 4

_REMAINING = re.compile(r"(?:the remaining|all) (\d{1,9}) operations will run on the CPU")

_ASK = "`python -m export verify FILE --runtime gpu` names each operator that a GPU refuses"


def accelerated(log: str) -> Accelerated:
    """Return what ran a file that no other hardware was allowed to run.

    Args:
        log: What the process wrote to standard error; it is untrusted text.
    """
    found = read_log(log)
    # Only a log that names its driver tells what kind of driver that is.
    software = found.software if found.device else None
    return Accelerated(_printable(found.device)[:200], software, left=0)


def refusal(log: str, accelerator: str, where: str) -> DeviceError | None:
    """Return an error that says how many operators would fall back and why; None if not known.

    Args:
        log: What the process wrote to standard error; it is untrusted text.
        accelerator: "gpu" or "npu".
        where: For the message.
    """
    found = read_log(log)
    if not found.refusals:
        return None
    remaining = _REMAINING.search(log)
    count = f"{remaining[1]} operators" if remaining else "Some operators"
    took = "refuses" if found.taken is None else f"takes {found.taken} and refuses others"
    first: dict[str, str] = {}
    for kind, reason in found.refusals:
        first.setdefault(kind, reason)
    reasons = [f"{kind} ({reason})" if reason else kind for kind, reason in first.items()]
    hidden = len(reasons) - _SHOWN
    shown = reasons[:_SHOWN] + ([f"and {hidden} more kinds"] if hidden > 0 else [])
    return DeviceError(
        f"The {accelerator.upper()} does not take the whole file: {count} would fall back to the "
        "CPU.",
        where=where,
        why=_printable(f"It {took}: {'; '.join(shown)}")[:600],
        todo=f"Use --accelerator cpu, or change these operators; {_ASK}.",
    )


def advice(accelerator: str) -> str:
    """Return what to do where an accelerator fails and its log does not say why."""
    if accelerator == "gpu":
        return (
            "Use --accelerator cpu; or export the network with --for gpu, which writes around what "
            f"the accelerator is known to get wrong; {_ASK}."
        )
    return (
        "Use --accelerator cpu; or name all of the vendor's libraries with --accelerator-library: "
        "the dispatch library runs what the compiler plugin, libLiteRtCompilerPlugin_VENDOR.so, "
        "compiles."
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
