"""Sessions as a device might give them, for tests of what reads sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from _edgeship.device_bench.results.app_conditions import AppConditions
from _edgeship.device_bench.results.records import (
    Conditions,
    Core,
    DeviceParity,
    Measurement,
    MeasurementSettings,
    Op,
    Process,
    Profile,
    Properties,
    Round,
    Session,
    Subject,
)

PHONE = Properties(
    selector="adb:R5CT1234",
    model="Pixel 9 Pro",
    soc="Tensor G4",
    os="Android 15 (API 35)",
    kernel="6.1.75",
    abi="arm64-v8a",
    cores=(
        *(Core(index=index, max_mhz=1950, part="0x41:0xd80") for index in range(4)),
        *(Core(index=index, max_mhz=2600, part="0x41:0xd81") for index in range(4, 7)),
        Core(index=7, max_mhz=3105, part="0x41:0xd82"),
    ),
    ram_bytes=16 * 10**9,
)

VIRTUAL = Properties(
    selector="virtual",
    unit="instructions",
    model="qemu-aarch64, cortex-a76",
    os="Debian GNU/Linux 12",
    abi="arm64-v8a",
    cores=(Core(index=0, part="0x41:0xd0b"),),
)


def session(
    name: str = "20261122-142530-4f3a",
    device: Properties = PHONE,
    medians: Sequence[float] = (4.8e6, 3.1e6, 2.3e6),
    *,
    rounds: int = 10,
    runs: int = 20,
    seed: int = 0,
    labels: Sequence[str] = ("net_fp32", "net_fp16", "net_int8"),
    model: str = "net",
    complete: bool = True,
) -> Session:
    """Return a session whose files take about ``medians``, in the unit of the device.

    On a device that counts instructions every run takes exactly as long.
    """
    generator = np.random.default_rng(seed)
    return Session(
        id=name,
        started=f"{name[:4]}-{name[4:6]}-{name[6:8]}T14:25:30+00:00",
        command="python -m device_bench run net_*.tflite --device adb",
        versions={"edgeship": "0.1.0", "ai-edge-litert": "2.3.0"},
        device=device,
        measurements=tuple(
            _measurement(generator, device, label, model, median, rounds, runs)
            for label, median in zip(labels, medians, strict=True)
        ),
        complete=complete,
    )


GRANTED = AppConditions(
    version="0.2.0",
    abi="arm64-v8a",
    cores="0-7",
    sustained_performance=True,
    importance=100,
    thermal_status=0,
    thermal_headroom=0.41,
    thermal_status_after=1,
    thermal_headroom_after=0.62,
)


def two_runners(slower: float = 1.25, **options: Any) -> Session:
    """Return a session whose files were measured by the runners native and app, in turns.

    Args:
        slower: How much longer the app takes.
        **options: Those of `session`; ``medians`` and ``labels`` are of the files.
    """
    labels = options.pop("labels", ("net_fp32", "net_int8"))
    medians = options.pop("medians", (4.8e6, 2.3e6))
    made = session(
        medians=[value for one in medians for value in (one, one * slower)],
        labels=[label for label in labels for _ in range(2)],
        **options,
    )
    every = [_by(one, ("native", "app")[index % 2]) for index, one in enumerate(made.measurements)]
    return made.model_copy(update={"measurements": tuple(every)})


def _by(measurement: Measurement, runner: str) -> Measurement:
    changes = {"runner": runner, "app": GRANTED if runner == "app" else None}
    return measurement.model_copy(
        update={
            "settings": measurement.settings.model_copy(update={"runner": runner}),
            "rounds": tuple(
                one.model_copy(update={"process": one.process.model_copy(update=changes)})
                for one in measurement.rounds
            ),
        }
    )


def _measurement(
    generator: np.random.Generator,
    device: Properties,
    label: str,
    model: str,
    median: float,
    rounds: int,
    runs: int,
) -> Measurement:
    exact = device.unit == "instructions"
    return Measurement(
        subject=Subject(
            label=label,
            path=f"build/{label}.tflite",
            sha256=f"{abs(hash_of(label)):064x}",
            size=2_600_000,
            model=model,
            scheme=label.rpartition("_")[2],
            mult_adds=145_000_000,
            nodes=154,
            untrained=True,
        ),
        settings=MeasurementSettings(cores=() if exact else (7,), rounds=rounds, runs=runs),
        parity=DeviceParity(
            identical=False, max_rel=2.4e-7, sqnr_db=131.0, reference="LiteRT 2.3.0"
        ),
        profile=Profile(
            ops=(
                Op(index=0, name="Convolution (NHWC, F32) IGEMM", delegated=True, time=900_000),
                Op(index=1, name="CONCATENATION", delegated=False, time=80_000),
            ),
            total=1_100_000,
            partitions=2,
        ),
        rounds=tuple(
            _round(generator, number, median, runs, exact=exact) for number in range(rounds)
        ),
        warnings=("2 of 10 rounds were slowed down by heat; let the device cool before.",),
    )


def _round(
    generator: np.random.Generator, number: int, median: float, runs: int, *, exact: bool
) -> Round:
    level = median if exact else median * (1 + 0.01 * generator.standard_normal())
    noise = np.zeros(runs) if exact else generator.gamma(2, 0.01, runs)
    hot = not exact and number >= 8
    times = tuple(int(level * (1 + value) * (1.4 if hot else 1)) for value in noise)
    return Round(
        number=number,
        order=number % 2,
        before=_conditions(number, exact=exact),
        after=_conditions(number + 1, exact=exact),
        process=Process(
            runner="edgeship native",
            runtime="LiteRT 2.3.0",
            init=int(20 * median),
            first=int(1.5 * median),
            warmup=(int(1.1 * median),) * 3,
            runs=times,
            mhz=() if exact else (3105,) * runs,
            capped=() if exact else (hot,) * runs,
            peak_rss_bytes=31_000_000,
            fully_accelerated=False,
        ),
        throttled=(hot,) * runs,
        overhead_seconds=0.4,
    )


def _conditions(number: int, *, exact: bool) -> Conditions:
    at = f"2026-11-22T14:{25 + number:02d}:30+00:00"
    if exact:
        return Conditions(at=at)
    return Conditions(
        at=at,
        temperatures={"BIG": 38.0 + 1.5 * number, "battery": 30.0},
        thermal_status=0 if number < 8 else 2,
        mhz={7: 3105},
        mhz_cap={7: 3105 if number < 8 else 2200},
        battery_percent=81,
        charging=True,
        screen_on=True,
    )


def hash_of(text: str) -> int:
    """Return a number that depends on nothing but the text."""
    return int.from_bytes(text.encode()[:16], "big")
