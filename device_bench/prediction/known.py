"""Which fitted model there is of a device that the user names."""

from __future__ import annotations

from pathlib import Path

from _edgeship.device_bench.prediction.model import LatencyModel, Setup, load, place


def known_model(device: str, threads: int = 1, path: Path | None = None) -> LatencyModel:
    """Return the model of a device.

    Args:
        device: As for `--device`; "adb" also means the only phone that there is a model of.
        threads: Threads of the CPU kernels.
        path: The model's file, if the user names it.

    Raises:
        InputError: There is none.
    """
    todo = f"`{how_to_fit(device, threads)}` measures the device and fits one"
    return load(path or _place(device, threads), todo)


def how_to_fit(device: str, threads: int = 1) -> str:
    """Return the command that fits a model of a device."""
    more = "" if threads == 1 else f" --threads {threads}"
    return f"python -m device_bench fit --device {device}{more}"


def has_model(device: str, threads: int = 1) -> bool:
    """Return whether there is a model of a device."""
    return _place(device, threads).is_file()


def _place(device: str, threads: int) -> Path:
    setup = Setup(threads=threads)
    own = place(device, setup)
    if device == "adb" and not own.is_file():
        marked = place("adb:*", setup)
        phones = sorted(marked.parent.glob(f"adb-*-cpu-{threads}t.json"))
        if len(phones) == 1:
            return phones[0]
    return own
