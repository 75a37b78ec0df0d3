"""From sessions of the store to examples: which measurements a model can be fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from _edgeship.device_bench.measurement.layer_order import in_order
from _edgeship.device_bench.prediction.examples import Example, example
from _edgeship.device_bench.prediction.held_out import hold_out
from _edgeship.device_bench.prediction.model import LatencyModel, Learned, Setup
from _edgeship.device_bench.prediction.rules import learn
from _edgeship.device_bench.results.records import Measurement, Properties, Session
from _edgeship.device_bench.results.statistics import summarize
from _edgeship.device_bench.results.units import INSTRUCTIONS
from _edgeship.errors import InputError
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.tflite.reading import read_model
from _edgeship.files import sha256_of

#: The least that a profile can tell, by the unit of the device. LiteRT's profiler counts
#: microseconds, of which the mean over many runs tells a tenth; where the clock shows instructions,
#: one microsecond stands for 1000 and one run is all.
RESOLUTION = {"ns": 100.0, INSTRUCTIONS: 1000.0}


@dataclass(frozen=True)
class Usable:
    """A measurement that a model can be fitted to.

    Attributes:
        example: What it teaches.
        learned: What the model says of it.
        device: The device.
        runtime: Library and version.
    """

    example: Example
    learned: Learned
    device: Properties
    runtime: str


def usable(sessions: Sequence[Session], selector: str, setup: Setup) -> list[Usable]:
    """Return the newest measurement of each file that has a profile and rounds.

    Left out are files that lie no longer where they were measured, or are others by now, and what
    ran in another runtime than the newest session.

    Args:
        sessions: Sessions, oldest first.
        selector: The device.
        setup: How files must have run.

    Raises:
        InputError: A file cannot be read.
    """
    newest: dict[str, tuple[Session, Measurement]] = {}
    for session in sessions:
        if session.device.selector != selector:
            continue
        for one in session.measurements:
            if one.profile is not None and one.rounds and _ran(one) == setup:
                newest[one.subject.sha256] = (session, one)
    found = [
        made
        for session, one in newest.values()
        for made in [_usable(session, one)]
        if made is not None
    ]
    return [one for one in found if one.runtime == _latest(found).runtime]


def fit(chosen: Sequence[Usable], setup: Setup) -> LatencyModel:
    """Return the model that measurements give.

    Args:
        chosen: Measurements of one device.
        setup: How their files ran.

    Raises:
        InputError: None of them tells the times of layers.
    """
    examples = [one.example for one in chosen]
    layers = sum(len(one.layers) for one in examples)
    if not layers:
        raise InputError(
            "Nothing that was measured tells the times of layers.",
            why="a model is fitted to profiles of operators, which the CPU's kernels give",
            todo="measure with --runner native and --accelerator cpu",
        )
    latest = _latest(chosen)
    return LatencyModel(
        fitted=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        device=latest.device,
        setup=setup,
        runtime=latest.runtime,
        files=tuple(one.learned for one in chosen),
        layers=layers,
        rules=learn(examples),
        held_out=hold_out(examples),
    )


def _latest(found: Sequence[Usable]) -> Usable:
    return max(found, key=lambda one: one.learned.session)


def _ran(measurement: Measurement) -> Setup:
    settings = measurement.settings
    return Setup(
        runner=settings.runner,
        accelerator=settings.accelerator,
        threads=settings.threads,
        cores=settings.cores,
    )


def _usable(session: Session, measurement: Measurement) -> Usable | None:
    subject, profile = measurement.subject, measurement.profile
    path = Path(subject.path)
    if profile is None or not path.is_file() or sha256_of(path) != subject.sha256:
        return None
    data = path.read_bytes()
    name = f"{subject.model or path.stem}{_input(data)}"
    run = summarize(measurement.rounds).median
    network = in_order(read_tflite_steps(data, name), data, profile)
    family = _family(subject.model or path.stem)
    made = example(network, family, run, profile, RESOLUTION[session.device.unit])
    learned = Learned(
        name=name,
        family=made.family,
        dtype=made.dtype,
        mult_adds=made.network.mult_adds,
        sha256=subject.sha256,
        session=session.id,
    )
    return Usable(made, learned, session.device, measurement.rounds[0].process.runtime)


def _input(data: bytes) -> str:
    """Return the height of a file's picture as "@128"; "" if it takes none."""
    graph = read_model(data).subgraphs[0]
    shapes = [graph.tensors[index].shape for index in graph.inputs]
    return f"@{shapes[0][1]}" if shapes and len(shapes[0]) == 4 else ""


def _family(model: str) -> str:
    """Return the family of a network: that of the catalog, or its name without a width."""
    from _edgeship.models.catalog.registry import names, spec

    if model in names():
        return spec(model).family
    family, _, width = model.rpartition("_x")
    return family if family and width[:1].isdigit() else model
