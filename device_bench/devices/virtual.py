"""An arm64 CPU in qemu on this computer, whose time is the number of executed instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.devices.emulator import emulator
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.running import run_process

# An ELF file begins with class (64 bit) and byte order (little); the machine is at byte 18.
_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_MACHINE_ARM64 = b"\xb7\x00"


class VirtualDevice(LocalDevice):
    """Runs arm64 programs in qemu; other programs, such as `sh`, are this computer's own.

    Files lie on this computer. A program's figures are the same in every run and on every host.
    They count instructions, not time: caches, memory and dual issue do not show in them. With more
    than one thread they vary with what threads do while they wait for one another.
    """

    selector: str = "virtual"
    unit: str = "instructions"

    def __init__(self) -> None:
        super().__init__()
        self._emulator = emulator()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program; what it left running in its process group is killed when it ends."""
        place = _place_of_program(argv)
        if place < len(argv) and _is_arm64(argv[place]):
            argv = [*argv[:place], *self._emulator, *argv[place:]]
        return run_process(argv, timeout=timeout, on_line=on_line)


def _place_of_program(argv: Sequence[str]) -> int:
    """Return the index of the argument that is the program that runs in the end.

    A shell script that ends with `exec "$@"` becomes the program in its arguments. How many of
    them it takes for itself is not known here, so the first that is an arm64 program counts.
    """
    if len(argv) < 3 or list(argv[:2]) != ["sh", "-c"] or not argv[2].endswith('exec "$@"'):
        return 0
    return next((i for i in range(4, len(argv)) if _is_arm64(argv[i])), len(argv))


def _is_arm64(word: str) -> bool:
    """Return whether a word is the absolute path of an arm64 program that can be read."""
    if not word.startswith("/"):
        return False
    try:
        with Path(word).open("rb") as file:
            head = file.read(20)
    except (OSError, ValueError):
        # Then it is no program of ours; whether it is a program at all shows when it is started.
        return False
    return head.startswith(_ELF_64_LITTLE) and head[18:20] == _MACHINE_ARM64
