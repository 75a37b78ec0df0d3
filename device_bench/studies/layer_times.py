"""Times of layers measured on a device: the profile of a .tflite file, put beside its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.device_bench.measurement.layer_names import is_layer
from _edgeship.device_bench.measurement.layer_order import in_order
from _edgeship.errors import DeviceError
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.advice.source import is_tflite
from _edgeship.export.advice.steps import NetworkSteps
from _edgeship.export.graph.shapes import Shape
from _edgeship.work_folders import temporary_folder

if TYPE_CHECKING:
    from _edgeship.device_bench.processes.base import Device
    from _edgeship.device_bench.results.records import Profile


@dataclass(frozen=True)
class Measured:
    """A profile, and the network that it is of.

    Attributes:
        network: The steps of the file that ran.
        device: Selector of the device.
        unit: "ns" or "instructions".
        total: Mean time of a whole run while profiling.
        layers: Time of each layer of `network`, in order; empty if the profile has another number
            of layers than the file.
        others: Time of all other operators of the profile, together.
    """

    network: NetworkSteps
    device: str
    unit: str
    total: int
    layers: tuple[int, ...]
    others: int


def measure(model: str, shapes: Sequence[Shape], device: Device) -> Measured:
    """Export a network as float32, unless it is a .tflite file already, and profile it.

    Args:
        model: What `export.advice.source.read_steps` takes.
        shapes: Shape of each input, batch first, if the model does not have them itself.
        device: What to measure on.

    Raises:
        EdgeshipError: The export, the device or the check of its outputs failed.
    """
    if is_tflite(model):
        return _profile(Path(model), device)
    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import export

    with temporary_folder() as folder:
        result = export(Request(model, shapes=tuple(shapes), out=folder))
        [file] = [path for path in result.files if path.suffix == ".tflite"]
        return _profile(file, device)


def _profile(file: Path, device: Device) -> Measured:
    from _edgeship.device_bench.measurement.session import measure as run_session
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.runners.find import runner

    # The figures come from the profile; one round beside it checks the outputs.
    session = run_session(
        device,
        [runner("native")],
        [file],
        MeasurementOptions(rounds=1).settings(device),
        command=f"python -m export advise {file.name} --device {device.selector}",
        profile=True,
        on_event=lambda event: None,
    )
    profile = session.measurements[0].profile
    if profile is None:
        raise DeviceError(
            "The device gave no profile of the operators.",
            where=device.selector,
            todo="leave --device out, or name another device",
        )
    return combine(file.read_bytes(), file.stem, profile, device.selector, device.unit)


def combine(data: bytes, name: str, profile: Profile, selector: str, unit: str) -> Measured:
    """Put a profile beside the steps of the file that it was taken of.

    Args:
        data: The bytes of the .tflite file.
        name: Name of the network.
        profile: The profile of the file.
        selector: Selector of the device.
        unit: Unit of the profile's times.
    """
    network = read_tflite_steps(data, name)
    layers = [op for op in profile.ops if is_layer(op)]
    expected = [step for step in network.steps if step.kind == "layer"]
    times: tuple[int, ...] = ()
    if len(layers) == len(expected):
        ran = [step for step in in_order(network, data, profile).steps if step.kind == "layer"]
        of = {id(step): op.time for step, op in zip(ran, layers, strict=True)}
        times = tuple(of[id(step)] for step in expected)
    others = sum(op.time for op in profile.ops) - sum(times)
    return Measured(network, selector, unit, profile.total, times, others)


def same_layers(a: NetworkSteps, b: NetworkSteps) -> bool:
    """Return whether two networks have layers of the same mult-adds in the same order."""
    costs = [[step.mult_adds for step in n.steps if step.kind == "layer"] for n in (a, b)]
    return costs[0] == costs[1]
