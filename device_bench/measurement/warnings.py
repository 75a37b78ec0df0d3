"""What a reader of the figures must know, each as a sentence that says what to do."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from _edgeship.device_bench.measurement import app_warnings
from _edgeship.device_bench.measurement.heat import BAND, processor_sensors
from _edgeship.device_bench.results.hardware import SOFTWARE, on_software
from _edgeship.device_bench.results.records import Measurement, Properties
from _edgeship.device_bench.results.statistics import Summary, summarize

_FEW_RUNS = 30
_FEW_ROUNDS = 6
# Fractions of all runs.
_THROTTLED, _OUTLIERS = 0.05, 0.05
_CV = 0.1
_FIRST_RUN = 1.2
_LOW_BATTERY = 20


def find_warnings(measurement: Measurement, device: Properties) -> tuple[str, ...]:
    """Return the warnings about a measurement.

    Args:
        measurement: It has at least one round.
        device: What it ran on.
    """
    summary = summarize(measurement.rounds)
    found = [check(measurement, summary, device) for check in _ALWAYS]
    if device.unit == "ns":
        found += [check(measurement, summary, device) for check in _OF_TIMES]
    return tuple(text for text in found if text)


def _not_compared(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if measurement.parity is not None:
        return ""
    return (
        f"The outputs were not compared with the host's, since the runner "
        f"{measurement.settings.runner} does not give them: check them once with --runner native."
    )


def _outputs_changed(measurement: Measurement, summary: Summary, device: Properties) -> str:
    sums = {r.process.outputs_sha256 for r in measurement.rounds} - {""}
    if len(sums) < 2:
        return ""
    return (
        f"The same input gave {len(sums)} different outputs: the kernels depend on chance; compare "
        "with --threads 1 or --accelerator cpu."
    )


def _instructions_differ(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if device.unit != "instructions" or len({r.process.runs for r in measurement.rounds}) == 1:
        return ""
    if measurement.settings.threads > 1:
        return (
            "Processes differ, because threads that wait for one another spin: use --threads 1 for "
            "exact figures."
        )
    return "Processes differ, though with one thread they should repeat exactly: report it."


def _software(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if not on_software(measurement):
        return ""
    return f"{SOFTWARE} Measure on a device with a GPU, such as a phone (--device adb)."


def _not_accelerated(measurement: Measurement, summary: Summary, device: Properties) -> str:
    accelerator = measurement.settings.accelerator
    if accelerator == "cpu" or all(r.process.fully_accelerated for r in measurement.rounds):
        return ""
    found = measurement.acceleration
    took = f" It took {found.taken_text}." if found is not None and found.taken_text else ""
    return (
        f"It is not shown that the {accelerator} ran all of the network; the CPU runs what it "
        f"cannot.{took} Compare with --accelerator cpu."
    )


def _summaries(measurement: Measurement, summary: Summary, device: Properties) -> str:
    most = max(r.process.runs_per_sample for r in measurement.rounds)
    if most == 1:
        return ""
    return (
        f"The runner {measurement.settings.runner} reports one value for up to {most} runs: "
        "percentiles and outliers are of processes; use --runner native for those of runs."
    )


def _throttled(measurement: Measurement, summary: Summary, device: Properties) -> str:
    advice = "let the device cool, take it off its charger and out of its case, or lower --seconds"
    if summary.only_throttled:
        return (
            "All runs were throttled, and the figures are of these: the system holds the cores "
            f"below their maximum; {advice}, and check whether a power-saving mode is on."
        )
    total = summary.runs + summary.throttled
    if summary.throttled <= _THROTTLED * total:
        return ""
    return f"{summary.throttled} of {total} runs were throttled and are left out: {advice}."


def _warmer(measurement: Measurement, summary: Summary, device: Properties) -> str:
    start = processor_sensors(measurement.rounds[0].before)
    rises = [
        value - start[name]
        for r in measurement.rounds
        for name, value in processor_sensors(r.before).items()
        if name in start
    ]
    if max(rises, default=0.0) <= BAND:
        return ""
    return (
        f"The device did not cool down between processes (up to {max(rises):.0f} °C above the "
        "start): the figures are those of a warm device; cool it with a fan, or lower --seconds."
    )


def _few_rounds(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if summary.rounds >= _FEW_ROUNDS:
        return ""
    return (
        f"Only {summary.rounds} round(s): the interval does not show how processes differ; use "
        "--rounds 10 or more."
    )


def _few_runs(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if summary.runs >= _FEW_RUNS or any(r.process.runs_per_sample > 1 for r in measurement.rounds):
        return ""
    return f"Only {summary.runs} runs: p90 and p99 say little; raise --runs or --seconds."


def _slow_start(measurement: Measurement, summary: Summary, device: Properties) -> str:
    firsts = [r.process.runs[0] for r in measurement.rounds]
    if len(firsts) < 3 or statistics.median(firsts) <= _FIRST_RUN * summary.median:
        return ""
    return (
        "The first timed run of a process is slower than the others, "
        f"{statistics.median(firsts) / summary.median:.2f} times: warm up longer with --warmup."
    )


def _varying(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if summary.cv <= _CV:
        return ""
    return (
        f"Runs vary much (coefficient of variation {summary.cv:.0%}): close other programs, pin "
        "the process with --cores, or raise --rounds."
    )


def _many_outliers(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if summary.outliers <= _OUTLIERS * summary.runs:
        return ""
    return (
        f"{summary.outliers} of {summary.runs} runs are outliers (they count all the same): "
        "something else used the device at times; close it, or raise --rounds."
    )


def _not_pinned(measurement: Measurement, summary: Summary, device: Properties) -> str:
    speeds = {core.max_mhz for core in device.cores} - {None}
    if measurement.settings.cores or len(speeds) < 2:
        return ""
    return (
        "The device has fast and slow cores, and the system chose among them: pin with --cores big "
        "or --cores little."
    )


def _busy(measurement: Measurement, summary: Summary, device: Properties) -> str:
    loads = [r.before.load for r in measurement.rounds if r.before.load is not None]
    # Our own process is in the load as well.
    others = statistics.median(loads) - measurement.settings.threads if loads else 0.0
    if not device.cores or others <= len(device.cores) / 2:
        return ""
    how = ", or start this with `chrt -f 1` as root" if device.selector == "local" else ""
    return (
        f"The device was busy (load {statistics.median(loads):.1f} on {len(device.cores)} cores): "
        f"close other programs{how}; compare by ratios, not by medians."
    )


def _dark(measurement: Measurement, summary: Summary, device: Properties) -> str:
    if not any(r.before.screen_on is False for r in measurement.rounds):
        return ""
    return (
        "The screen was off, and phones then keep fast cores back: wake it, and keep it on with "
        "`adb shell svc power stayon true`."
    )


def _low_battery(measurement: Measurement, summary: Summary, device: Properties) -> str:
    low = [
        r.before.battery_percent
        for r in measurement.rounds
        if r.before.battery_percent is not None
        and r.before.battery_percent < _LOW_BATTERY
        and r.before.charging is not True
    ]
    if not low:
        return ""
    return f"The battery was at {min(low)} %, where systems save power: charge it first."


_Check = Callable[[Measurement, Summary, Properties], str]

_ALWAYS: tuple[_Check, ...] = (
    _not_compared,
    _outputs_changed,
    _software,
    _not_accelerated,
    _instructions_differ,
    _summaries,
)
_OF_TIMES: tuple[_Check, ...] = (
    _throttled,
    _warmer,
    _few_rounds,
    _few_runs,
    _slow_start,
    _varying,
    _many_outliers,
    _not_pinned,
    _busy,
    _dark,
    _low_battery,
    *app_warnings.CHECKS,
)
