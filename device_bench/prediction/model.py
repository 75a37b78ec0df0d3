"""A fitted model of latency as a file: what was learned, of what, on which device, and how well."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from _edgeship.device_bench.prediction.held_out import HeldOut
from _edgeship.device_bench.prediction.rules import Rules
from _edgeship.device_bench.reports.writing import write
from _edgeship.device_bench.results.record import Record
from _edgeship.device_bench.results.records import Properties
from _edgeship.errors import InputError

#: Incremented with every change of the records.
VERSION = 1

#: The folder of fitted models.
FOLDER = Path("build/latency")


class Setup(Record):
    """How the files that a model was fitted to had run.

    Attributes:
        runner: As in `MeasurementSettings`.
        accelerator: Likewise; operators are timed on the CPU only.
        threads: Likewise.
        cores: Likewise.
    """

    runner: str = "native"
    accelerator: str = "cpu"
    threads: int = 1
    cores: tuple[int, ...] = ()


class Learned(Record):
    """A file that a model was fitted to.

    Attributes:
        name: Name of the network and its input.
        family: Its family.
        dtype: Type of most of its layers.
        mult_adds: Of one run.
        sha256: Digest of the file.
        session: The session in the store that measured it.
    """

    name: str
    family: str
    dtype: str
    mult_adds: int
    sha256: str
    session: str


class LatencyModel(Record):
    """How long networks take on a device.

    Attributes:
        version: See `VERSION`.
        fitted: When, ISO 8601, UTC.
        device: The device.
        setup: How files ran on it.
        runtime: Library and version that ran them.
        files: The files.
        layers: Number of layers with times, in all of them.
        rules: What was learned of all files.
        held_out: What each family would have been predicted to take without it.
    """

    version: int = VERSION
    fitted: str
    device: Properties
    setup: Setup
    runtime: str
    files: tuple[Learned, ...]
    layers: int
    rules: Rules
    held_out: tuple[HeldOut, ...]


def place(selector: str, setup: Setup) -> Path:
    """Return where the model of a device and a setup is kept.

    Args:
        selector: The device, as `--device` takes it.
        setup: How files run there.
    """
    words = [selector, setup.accelerator, f"{setup.threads}t"]
    words += [] if setup.runner == "native" else [setup.runner]
    words += [] if not setup.cores else ["cores" + "-".join(map(str, setup.cores))]
    return FOLDER / (re.sub(r"[^A-Za-z0-9.]+", "-", "_".join(words).replace("_", "-")) + ".json")


def save(model: LatencyModel, path: Path) -> None:
    """Write a model, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    write(path, model.model_dump_json(indent=1))


def load(path: Path, todo: str) -> LatencyModel:
    """Read a model.

    Args:
        path: The file.
        todo: How to get one, for the message.

    Raises:
        InputError: The file is missing, or no such model.
    """
    if not path.is_file():
        raise InputError(f"There is no fitted model of latency at {path}.", todo=todo)
    try:
        model = LatencyModel.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"{path} is no fitted model of latency.", why=why, todo=todo) from error
    if model.version != VERSION:
        raise InputError(f"{path} was fitted by another version of edgeship.", todo=todo)
    return model
