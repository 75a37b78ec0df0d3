"""What the native runner prints, one JSON object a line; runners/native/runner.c says the same.

The app begins and ends such a report with lines of its own, on what Android granted it.

The lines come from a device, so they are untrusted: only what is expected is taken.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from _edgeship.device_bench.results.app_conditions import AppConditions
from _edgeship.device_bench.results.record import Record
from _edgeship.device_bench.results.records import Op, Process, Profile

#: The most that a report may have: 100,000 runs and as many warm-ups take about 10 MB.
MAX_CHARACTERS = 12 << 20

_MAX_NAME = 500
_Time = Annotated[int, Field(ge=0, lt=1 << 63)]
_Status = Annotated[int, Field(ge=0, le=6)]
_Headroom = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class MalformedError(ValueError):
    """The report is not what the runner prints; the message says where."""


class BrokenOffError(MalformedError):
    """The report is right as far as it goes, and has no end."""


class RunnerError(Exception):
    """The runner says that it failed, and why; the text comes from the device."""


class _Event(Record):
    # A number must not be a string, and a boolean must not be a number.
    model_config = ConfigDict(strict=True)


class _Once(_Event):
    event: Literal["init", "first", "warmup"]
    ns: _Time


class _Run(_Event):
    event: Literal["run"]
    ns: _Time
    mhz: Annotated[int, Field(ge=0, le=1_000_000)] | None
    capped: bool | None


class _Op(_Event):
    event: Literal["op"]
    name: Annotated[str, Field(max_length=_MAX_NAME)]
    delegated: bool
    ns: _Time


class _Partitions(_Event):
    event: Literal["partitions"]
    count: _Time


class _End(_Event):
    event: Literal["end"]
    peak_rss_bytes: _Time | None
    fully_accelerated: bool
    outputs: Annotated[list[_Time], Field(max_length=1000)]


class _Error(_Event):
    event: Literal["error"]
    what: str


class _App(_Event):
    event: Literal["app"]
    version: Annotated[str, Field(max_length=100)]
    sdk: Annotated[int, Field(ge=1, le=10_000)]
    abi: Annotated[str, Field(max_length=40)]
    cores: Annotated[str, Field(max_length=200)]
    thermal_status: _Status | None
    thermal_headroom: _Headroom | None
    sustained_performance: bool
    importance: Annotated[int, Field(ge=0, le=10_000)]


class _AppEnd(_Event):
    event: Literal["app_end"]
    thermal_status: _Status | None
    thermal_headroom: _Headroom | None


_Line = _Once | _Run | _Op | _Partitions | _End | _Error | _App | _AppEnd
_LINE: TypeAdapter[_Line] = TypeAdapter(Annotated[_Line, Field(discriminator="event")])


class Report(Record):
    """A complete report.

    Attributes:
        process: What the runner measured, without the digest of its outputs.
        profile: The operators; None if the report has none.
        output_sizes: Bytes of each output in order.
    """

    process: Process
    profile: Profile | None
    output_sizes: tuple[int, ...]


def parse_report(text: str, runtime: str) -> Report:
    """Return what the runner reported.

    Args:
        text: Its standard output.
        runtime: Name and version of the library that it used.

    Raises:
        RunnerError: It reports an error.
        MalformedError: It is not what the runner prints.
    """
    return _report(_parse_lines(text), runtime)


def parse_app_report(text: str, runtime: str) -> Report:
    """Return what the app reported.

    Args:
        text: Its report.
        runtime: Name and version of the library that it used.

    Raises:
        RunnerError: It reports an error.
        BrokenOffError: It has no end, as when the app was killed.
        MalformedError: It is not what the app reports.
    """
    # A process that is killed may leave half a line.
    whole = text[: text.rfind("\n") + 1]
    lines = _parse_lines(whole)
    if not lines:
        raise BrokenOffError("it has no lines")
    start, end = lines[0], lines[-1]
    if not isinstance(start, _App):
        raise MalformedError("it does not begin with the app's line")
    if not isinstance(end, _AppEnd) or whole != text:
        raise BrokenOffError("it breaks off before its end")
    report = _report(lines[1:-1], runtime)
    granted = AppConditions(
        version=_printable(start.version),
        abi=_printable(start.abi),
        cores=_printable(start.cores),
        sustained_performance=start.sustained_performance,
        importance=start.importance,
        thermal_status=start.thermal_status,
        thermal_headroom=start.thermal_headroom,
        thermal_status_after=end.thermal_status,
        thermal_headroom_after=end.thermal_headroom,
    )
    changed = report.process.model_copy(update={"runner": "app", "app": granted})
    return report.model_copy(update={"process": changed})


def _parse_lines(text: str) -> list[_Line]:
    """Return the lines of a report that has no error in it."""
    if len(text) > MAX_CHARACTERS:
        raise MalformedError(f"it has {len(text)} characters; {MAX_CHARACTERS} are the most")
    lines = [_parse_line(number, line) for number, line in enumerate(text.splitlines(), 1) if line]
    for line in lines:
        if isinstance(line, _Error):
            raise RunnerError(line.what)
    return lines


def _report(lines: list[_Line], runtime: str) -> Report:
    if any(isinstance(line, _App | _AppEnd) for line in lines):
        raise MalformedError("it has a line of the app's in its middle")
    runs = [line for line in lines if isinstance(line, _Run)]
    if not runs:
        raise MalformedError("it has no runs")
    ends = [line for line in lines if isinstance(line, _End)]
    if len(ends) != 1 or lines[-1] is not ends[0]:
        raise BrokenOffError("it breaks off before its end")
    capped = [run.capped for run in runs]
    mhz = [run.mhz for run in runs]
    process = Process(
        runner="native",
        runtime=runtime,
        init=_single(lines, "init"),
        first=_single(lines, "first"),
        warmup=tuple(_times(lines, "warmup")),
        runs=tuple(run.ns for run in runs),
        mhz=tuple(mhz) if any(value is not None for value in mhz) else (),
        capped=tuple(map(bool, capped)) if any(value is not None for value in capped) else (),
        peak_rss_bytes=ends[0].peak_rss_bytes,
        fully_accelerated=ends[0].fully_accelerated,
    )
    return Report(
        process=process,
        profile=_profile(lines, process.runs),
        output_sizes=tuple(ends[0].outputs),
    )


def _parse_line(number: int, line: str) -> _Line:
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        shown = "".join(char if char.isprintable() else "?" for char in line[:200])
        raise MalformedError(f"line {number}: {first['msg']}: {shown}") from error


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _times(lines: list[_Line], event: str) -> list[int]:
    return [line.ns for line in lines if isinstance(line, _Once) and line.event == event]


def _single(lines: list[_Line], event: str) -> int:
    times = _times(lines, event)
    if len(times) != 1:
        raise MalformedError(f"it has {len(times)} lines '{event}' instead of one")
    return times[0]


def _profile(lines: list[_Line], runs: tuple[int, ...]) -> Profile | None:
    ops = [line for line in lines if isinstance(line, _Op)]
    partitions = [line.count for line in lines if isinstance(line, _Partitions)]
    if not ops:
        return None
    return Profile(
        ops=tuple(
            Op(index=index, name=op.name, delegated=op.delegated, time=op.ns)
            for index, op in enumerate(ops)
        ),
        total=round(sum(runs) / len(runs)),
        partitions=partitions[0] if len(partitions) == 1 else None,
    )
