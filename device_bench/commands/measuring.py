"""What the measuring commands share: files, devices and options in, sessions out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.terminal.console import print_error
from _edgeship.terminal.invocation import current
from _edgeship.terminal.words import check_file

if TYPE_CHECKING:
    from _edgeship.device_bench.measurement.events import Event
    from _edgeship.device_bench.measurement.settings import MeasurementOptions
    from _edgeship.device_bench.processes.base import Device
    from _edgeship.device_bench.results.records import MeasurementSettings, Session
    from _edgeship.device_bench.runners.base import Runner
    from _edgeship.device_bench.store.place import Place


@dataclass(frozen=True)
class Plan:
    """How to measure on one device.

    Attributes:
        device: The device.
        runners: What executes the files there.
        settings: The settings for this device.
    """

    device: Device
    runners: tuple[Runner, ...]
    settings: MeasurementSettings


@dataclass(frozen=True)
class Result:
    """The outcome of all plans.

    Attributes:
        sessions: All sessions that began, also those that were cut short.
        errors: Selector of the device and error, for each device on which something went wrong.
        interrupted: Whether Ctrl-C ended the measurement.
    """

    sessions: list[Session]
    errors: list[tuple[str, Exception]]
    interrupted: bool

    def finish(self) -> None:
        """Raise the error, if there is one; of several, print all but the last and raise that.

        Raises:
            KeyboardInterrupt: The measurement was interrupted.
            Exception: The last error.
        """
        from _edgeship.terminal.command_group import explain

        if self.interrupted:
            raise KeyboardInterrupt
        for selector, error in self.errors[:-1]:
            print_error(f"{selector}: {explain(error)[0]}")
        if self.errors:
            raise self.errors[-1][1]


def make_plans(
    selectors: Sequence[str],
    wanted: MeasurementOptions,
    also: Sequence[str] = (),
    also_on: Sequence[str] = (),
) -> list[Plan]:
    """Return a plan for each of the devices.

    Args:
        selectors: As for `--device`.
        wanted: How to measure, the same for all.
        also: Further runners, as for `--runner`, to measure each file with.
        also_on: Further accelerators, as for `--accelerator`, to measure each file on.

    Raises:
        InputError: A selector or an option is wrong.
        DeviceError: A device cannot be reached.
    """
    from _edgeship.device_bench.devices.find import find_all

    names = (wanted.runner, *also)
    kinds = [name.partition(":")[0] for name in names]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise InputError(f"The runner {kind} is named twice.", todo="name each runner once")
    if wanted.uninstall_app and "app" not in kinds:
        raise InputError("--uninstall-app has no app to uninstall.", todo="add --runner app")
    on = _accelerators(wanted, also_on)
    # The last one that an app is measured on takes it away.
    ways = [(name, replace(wanted, accelerator=one)) for name in names for one in on]
    # Whatever is not the CPU decides how long a process may take.
    basis = replace(wanted, accelerator=next((one for one in on if one != "cpu"), "cpu"))
    # Runners of its own for each device: their threads share nothing.
    return [
        Plan(
            device,
            tuple(_runner(name, how, leaves=how.accelerator == on[-1]) for name, how in ways),
            basis.settings(device),
        )
        for device in find_all(selectors)
    ]


def _accelerators(wanted: MeasurementOptions, also_on: Sequence[str]) -> list[str]:
    """Return what to measure on, which is checked before any device is reached."""
    on = [wanted.accelerator, *also_on]
    if len(set(on)) < len(on):
        raise InputError("An accelerator is named twice.", todo="name each once")
    libraries = wanted.accelerator_libraries
    for one in on:
        own = () if one == "cpu" and len(on) > 1 else libraries
        replace(wanted, accelerator=one, accelerator_libraries=own).check_accelerator()
    return on


def _runner(name: str, how: MeasurementOptions, *, leaves: bool) -> Runner:
    from _edgeship.device_bench.runners import find as runners

    return runners.runner(
        name,
        accelerator=how.accelerator,
        libraries=() if how.accelerator == "cpu" else how.accelerator_libraries,
        uninstall_app=how.uninstall_app and leaves,
        tell=_tell_building,
    )


def _tell_building(step: str) -> None:
    print_error(f"building the app: {step}")


def measure_all(
    files: Sequence[Path], plans: Sequence[Plan], store: Place, *, profile: bool = False
) -> Result:
    """Measure files on all devices at the same time; save each round and show the progress.

    Raises:
        InputError: A file does not exist or is a package, or the store cannot be used.
    """
    for file in files:
        if file.suffix == ".mlpackage":
            raise InputError(
                f"{file} is a package for Core ML, and device_bench measures .tflite files.",
                why="no iPhone is reached by adb or ssh",
                todo="measure it in Xcode: open the package, then Performance",
            )
        check_file(file, "FILE")
    from _edgeship.device_bench.commands.progress import ProgressView
    from _edgeship.device_bench.measurement.collector import Collector
    from _edgeship.device_bench.measurement.parallel import run_all
    from _edgeship.device_bench.measurement.session import measure
    from _edgeship.device_bench.store.store import Store

    collector = Collector()
    command = current().command

    with Store(store) as kept, ProgressView() as progress:

        def tell(event: Event) -> None:
            kept.listener(event)
            collector.listener(event)
            progress.listener(event)

        def task(plan: Plan, stop: threading.Event) -> Session:
            return measure(
                plan.device,
                plan.runners,
                files,
                plan.settings,
                command=command,
                profile=profile,
                on_event=tell,
                stop=stop,
            )

        try:
            outcomes = run_all([partial(task, plan) for plan in plans])
        except KeyboardInterrupt:
            return Result(list(collector.sessions.values()), [], interrupted=True)
    errors = [
        (plan.device.selector, outcome)
        for plan, outcome in zip(plans, outcomes, strict=True)
        if isinstance(outcome, Exception)
    ]
    return Result(list(collector.sessions.values()), errors, interrupted=False)
