"""What is known after a measurement: plain values, stored as they are.

A Session measures Subjects (files) on one device. Each Measurement is one subject under one set of
MeasurementSettings; it consists of Rounds, and each round is one process of a runner. Times are
integers in the unit of the session's device: nanoseconds, or executed instructions.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records: they do not change, and take no unknown fields.

    An infinity or NaN becomes a string in JSON, which reads back as the number that it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


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
    """What a device is; it does not change while it runs.

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
    """The state of a device at one moment; everything that it does not tell is None or empty.

    Attributes:
        at: ISO 8601 time on the host, UTC.
        temperatures: Name of a thermal zone or sensor -> degrees Celsius.
        thermal_status: Android's throttling status, 0 (none) to 6 (shutdown).
        mhz: Core index -> current frequency.
        mhz_cap: Core index -> the highest frequency that the system allows now; below the core's
            ``max_mhz`` while it throttles.
        battery_percent: Charge.
        charging: Whether it is fed from outside.
        screen_on: Whether the screen is lit.
        load: Mean number of runnable tasks in the last minute.
    """

    at: str
    temperatures: dict[str, float] = {}
    thermal_status: int | None = None
    mhz: dict[int, int] = {}
    mhz_cap: dict[int, int] = {}
    battery_percent: int | None = None
    charging: bool | None = None
    screen_on: bool | None = None
    load: float | None = None


class MeasurementSettings(Record):
    """How a file is run; equal settings make results comparable.

    Attributes:
        runner: "native", "benchmark_model" or "python".
        accelerator: "cpu", "gpu" or "npu".
        threads: Of the CPU kernels.
        cores: Cores that the process is pinned to; empty for the system's choice.
        warmup_runs: Runs before the timed ones, at least.
        warmup_seconds: Time before the timed runs, at least.
        runs: Timed runs in a round, at least.
        seconds: Time of a round's timed runs, at least.
        rounds: Processes per file.
        timeout: Seconds after which a process is given up.
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


class Process(Record):
    """What one process of a runner reported.

    Attributes:
        runner: Name of the program.
        runtime: Library and version, such as "LiteRT 2.3.0".
        init: From the start of loading to a model ready to run.
        first: The first run.
        warmup: The runs after it that are not counted.
        runs: The timed runs, in order; or one value for many, see ``runs_per_sample``.
        runs_per_sample: How many runs each value in ``runs`` stands for. It is 1 unless a program
            only tells their median or mean (benchmark_model): then percentiles and outliers are
            those of processes, not of runs.
        mhz: Frequency of the core in use before each timed run, or None; empty if never known.
        capped: For each timed run, whether the system held that core below its maximum
            (scaling_max_freq under cpuinfo_max_freq); empty if never known.
        peak_rss_bytes: Of the whole process; None if unknown.
        fully_accelerated: The runtime's own word on whether delegates took every node.
        outputs_sha256: Of the bytes of all outputs in order, after the last run; "" if unknown.
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


class Op(Record):
    """One operator of a profile.

    Attributes:
        index: Place in the order of execution.
        name: As the runtime calls it, such as "Convolution (NHWC, QS8, QC8W) IGEMM".
        delegated: Whether a delegate ran it.
        time: Mean over the profiled runs.
    """

    index: int
    name: str
    delegated: bool
    time: int


class Profile(Record):
    """Where the time goes; taken in a process of its own, since profiling costs time.

    Attributes:
        ops: In order of execution.
        total: Mean of the whole runs, as profiled.
        partitions: How many parts delegates took; None if unknown.
    """

    ops: tuple[Op, ...]
    total: int
    partitions: int | None = None


class DeviceParity(Record):
    """The device's outputs against the host's on the same input.

    Attributes:
        identical: Bit for bit.
        max_rel: Largest difference, as a fraction of the host's output range.
        sqnr_db: Power of the host's outputs over that of the difference; None if identical.
        reference: What ran on the host.
    """

    identical: bool
    max_rel: float
    sqnr_db: float | None
    reference: str


class Subject(Record):
    """A file that is measured.

    Attributes:
        label: Short name in tables: the file's name, made unique within a session.
        path: Where it lay on the host.
        sha256: Of its bytes.
        size: In bytes.
        model: The network's name, from the manifest beside the file; "" without one.
        scheme: Quantization scheme, from the manifest; "" without one.
        mult_adds: Of one run, from the manifest.
        nodes: Operators in the file.
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
        number: From 0, the same for all files of a session's turn.
        order: Place within the round: A B in one, B A in the next.
        before: State before the process started.
        after: State after its end.
        process: What it reported.
        throttled: For each timed run whether it counts as throttled and is left out.
        overhead_seconds: Time around the process that was not spent in runs: transport, start.
            None where times are instructions.
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
        parity: The check of its outputs; None only where a runner cannot give them.
        profile: If one was asked for.
        rounds: In the order in which they ran.
        warnings: What a reader of the figures must know, each a sentence that says what to do.
    """

    subject: Subject
    settings: MeasurementSettings
    parity: DeviceParity | None = None
    profile: Profile | None = None
    rounds: tuple[Round, ...] = ()
    warnings: tuple[str, ...] = ()


class Session(Record):
    """One invocation on one device.

    Attributes:
        id: Sorts by time: "20261122-142530-4f3a".
        started: ISO 8601, UTC.
        command: What was typed.
        versions: Package -> version on the host.
        device: What was measured on.
        measurements: One per file and set of settings.
        complete: False when it was cut short; what is there is valid all the same.
    """

    id: str
    started: str
    command: str
    versions: dict[str, str]
    device: Properties
    measurements: tuple[Measurement, ...] = ()
    complete: bool = True
