"""What is known after a measurement: plain values, stored as they are.

A Session measures Subjects (files) on one device. Each Measurement is one subject under one set of
MeasurementSettings; it consists of Rounds, and each round is one process of a runner. Times are
integers in the unit of the session's device: nanoseconds, or executed instructions.
"""

from __future__ import annotations

from pydantic import Field

from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.app_conditions import AppConditions
from _edgeship.device_bench.results.battery import Battery
from _edgeship.device_bench.results.record import Record


class Core(Record):
    """One processor core.

    Attributes:
        index: Its number in /sys/devices/system/cpu.
        max_mhz: Highest frequency that it is built for, in MHz; None where the system hides it.
        part: Implementer and part number, such as "0x41:0xd0b"; "" if unknown.
    """

    index: int
    max_mhz: int | None = None
    part: str = ""


class Properties(Record):
    """What a device is; none of this changes while it runs.

    Attributes:
        selector: What `--device` takes for it.
        unit: "ns" or "instructions".
        model: Such as "Pixel 9 Pro" or the processor's name on a PC.
        soc: Name of the chip; "" if unknown.
        os: Such as "Android 15 (API 35)" or "Debian GNU/Linux 12".
        kernel: Release of the kernel.
        abi: "arm64-v8a", "armeabi-v7a", "x86_64", ...
        cores: All of them, by index.
        ram_bytes: Main memory; None if unknown.
    """

    selector: str
    unit: str = "ns"
    model: str
    soc: str = ""
    os: str = ""
    kernel: str = ""
    abi: str
    cores: tuple[Core, ...] = ()
    ram_bytes: int | None = None


class Conditions(Record):
    """The state of a device at one moment; what it does not tell is None or empty.

    Attributes:
        at: ISO 8601 time on the host, UTC.
        temperatures: Name of a thermal zone or sensor -> degrees Celsius.
        thermal_status: Android's throttling status, 0 (none) to 6 (shutdown).
        mhz: Core index -> current frequency.
        mhz_cap: Core index -> the highest frequency that the system allows now; while it throttles
            that is below the core's ``max_mhz``.
        battery_percent: Charge of the battery.
        charging: Whether it is connected to power.
        battery: The counters of its battery.
        screen_on: Whether the screen is lit.
        load: Mean number of runnable tasks in the last minute.
    """

    at: str
    temperatures: dict[str, float] = Field(default_factory=dict)
    thermal_status: int | None = None
    mhz: dict[int, int] = Field(default_factory=dict)
    mhz_cap: dict[int, int] = Field(default_factory=dict)
    battery_percent: int | None = None
    charging: bool | None = None
    battery: Battery | None = None
    screen_on: bool | None = None
    load: float | None = None


class MeasurementSettings(Record):
    """How a file is run; results are comparable if their settings are equal.

    Attributes:
        runner: "native", "app", "benchmark_model" or "python".
        accelerator: "cpu", "gpu" or "npu".
        threads: Of the CPU kernels.
        cores: Cores that the process is pinned to; empty if the system chooses.
        warmup_runs: Minimum number of runs before the timed ones.
        warmup_seconds: Minimum time of these runs.
        runs: Minimum number of timed runs in a round.
        seconds: Minimum time of the timed runs in a round.
        rounds: Processes per file.
        timeout: Seconds after which a process is killed.
        sustained: Whether processes follow one another without waiting for heat to go; then no
            run counts as throttled, since heat is what is measured.
        idle_seconds: How long the battery is watched at rest before the rounds.
    """

    runner: str = "native"
    accelerator: str = "cpu"
    threads: int = 1
    cores: tuple[int, ...] = ()
    warmup_runs: int = 3
    warmup_seconds: float = 0.2
    runs: int = 10
    seconds: float = 0.5
    rounds: int = 10
    timeout: float = 120.0
    sustained: bool = False
    idle_seconds: float = 0.0


class Process(Record):
    """What one process of a runner reported.

    Attributes:
        runner: Name of the program.
        runtime: Library and version, such as "LiteRT 2.3.0".
        init: Time from the start of loading until the model is ready to run.
        first: Time of the first run.
        warmup: Times of the runs after it that are not counted.
        runs: Times of the timed runs, in order; or one value for many, see ``runs_per_sample``.
        runs_per_sample: How many runs each value in ``runs`` stands for. It is 1 unless a program
            reports only their median or mean (benchmark_model): then percentiles and outliers are
            those of processes, not of runs.
        mhz: Frequency of the core in use before each timed run, or None; empty if never known.
        capped: For each timed run, whether the system held that core below its maximum
            (scaling_max_freq under cpuinfo_max_freq); empty if never known.
        peak_rss_bytes: Peak resident memory of the whole process; None if unknown.
        fully_accelerated: Whether delegates took every node, according to the runtime; None if it
            does not say.
        outputs_sha256: Digest of the bytes of all outputs in order, after the last run; "" if
            unknown.
        app: What Android granted, if an app ran it.
    """

    runner: str
    runtime: str
    init: int
    first: int
    warmup: tuple[int, ...] = ()
    runs: tuple[int, ...]
    runs_per_sample: int = 1
    mhz: tuple[int | None, ...] = ()
    capped: tuple[bool, ...] = ()
    peak_rss_bytes: int | None = None
    fully_accelerated: bool | None = None
    outputs_sha256: str = ""
    app: AppConditions | None = None


class Op(Record):
    """One operator of a profile.

    Attributes:
        index: Place in the order of execution.
        name: The runtime's name for it, such as "Convolution (NHWC, QS8, QC8W) IGEMM".
        delegated: Whether a delegate ran it.
        time: Mean time over the faster half of the profiled runs: what else uses the core stops an
            operator for milliseconds.
        layer: The layer of the network that it computes, such as "stage2.0.branch1.0"; "" if
            unknown.
    """

    index: int
    name: str
    delegated: bool
    time: int
    layer: str = ""


class Profile(Record):
    """Where the time goes; taken in a process of its own, since profiling costs time.

    Attributes:
        ops: In order of execution.
        total: Mean time of these runs as a whole, while profiling.
        partitions: Number of parts of the graph that delegates took; None if unknown.
    """

    ops: tuple[Op, ...]
    total: int
    partitions: int | None = None

    def share(self, op: Op) -> float:
        """Return the part of the time of all operators together that one of them takes, 0 to 1.

        What a profiled run takes beyond its operators, `total` less their sum, is mostly the
        profiling itself: no operator has a share in it.
        """
        return op.time / (sum(each.time for each in self.ops) or 1)


class DeviceParity(Record):
    """The device's outputs compared with the host's on the same input.

    Attributes:
        identical: Whether they are equal bit for bit.
        max_rel: Largest difference, as a fraction of the range of the host's output.
        sqnr_db: Power of the host's outputs over that of the difference, in dB; None if identical.
        reference: Name and version of what ran on the host.
    """

    identical: bool
    max_rel: float
    sqnr_db: float | None
    reference: str


class Subject(Record):
    """A file that is measured.

    Attributes:
        label: Short name in tables: the file's name, made unique within a session.
        path: Its path on the host.
        sha256: Digest of its bytes.
        size: In bytes.
        model: The network's name, from the manifest beside the file; "" without one.
        scheme: Quantization scheme, from the manifest, or without one as the file's types show.
        mult_adds: Mult-adds of one run, from the manifest; None without one.
        nodes: Number of operators in the file.
        untrained: Whether the manifest says that the weights are random; None without one.
    """

    label: str
    path: str
    sha256: str
    size: int
    model: str = ""
    scheme: str = ""
    mult_adds: int | None = None
    nodes: int | None = None
    untrained: bool | None = None


class Round(Record):
    """One process, and the state of the device around it.

    Attributes:
        number: From 0; each file has one process in every round.
        order: Place of the process within its round: the order is A B in one, B A in the next.
        before: State of the device before the process started.
        after: State after its end.
        process: What it reported.
        throttled: For each timed run, whether it counts as throttled and is left out.
        overhead_seconds: Time around the process that was not spent in loading and running:
            transport, start. None where times are instructions.
    """

    number: int
    order: int
    before: Conditions
    after: Conditions
    process: Process
    throttled: tuple[bool, ...]
    overhead_seconds: float | None


class Measurement(Record):
    """One file under one set of settings on one device.

    Attributes:
        subject: The file.
        settings: How it ran.
        parity: The check of its outputs; None before it, and where a runner cannot give outputs.
        acceleration: What the accelerator took of it; None on the CPU.
        profile: The profile of its operators, if one was asked for.
        idle: The states of the device at rest before the rounds; empty if nobody asked for them.
        rounds: In the order in which they ran.
        warnings: What a reader of the figures must know; each is a sentence that says what to do.
    """

    subject: Subject
    settings: MeasurementSettings
    parity: DeviceParity | None = None
    acceleration: Acceleration | None = None
    profile: Profile | None = None
    idle: tuple[Conditions, ...] = ()
    rounds: tuple[Round, ...] = ()
    warnings: tuple[str, ...] = ()


class Session(Record):
    """One invocation on one device.

    Attributes:
        id: Sorts by time: "20261122-142530-4f3a".
        started: ISO 8601, UTC.
        command: The command line.
        versions: Package -> version on the host.
        device: The device that was measured on.
        measurements: One per file and set of settings.
        complete: False if it was cut short; what it holds is valid all the same.
    """

    id: str
    started: str
    command: str
    versions: dict[str, str]
    device: Properties
    measurements: tuple[Measurement, ...] = ()
    complete: bool = True
