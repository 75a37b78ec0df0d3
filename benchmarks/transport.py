"""What reaching a device costs: copying files, starting a command, reading its state.

Run: python benchmarks/transport.py --device adb [--mib 50] [--repeats 9]

Prints medians, with the smallest and the largest value in brackets. What a whole process costs
besides its runs is in each round that `device_bench run` stores, as overhead_seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _edgeship.device_bench.devices.find import find
from _edgeship.device_bench.devices.system import read_conditions
from _edgeship.device_bench.devices.workspace import Workspace


def seconds(action: Callable[[], object], repeats: int) -> list[float]:
    """Return how many seconds each repeat took, shortest first."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return sorted(taken)


def main() -> None:
    """Measure one device and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", required=True)
    parser.add_argument("--mib", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    device = find(options.device)
    with tempfile.TemporaryDirectory() as name, Workspace(device) as workspace:
        there = f"{workspace.path}/data"
        sent, back = Path(name) / "sent", Path(name) / "back"
        sent.write_bytes(os.urandom(options.mib << 20))
        copies: dict[str, Callable[[], object]] = {
            "push": lambda: device.push(sent, there),
            "pull": lambda: device.pull(there, back),
        }
        for word, action in copies.items():
            rates = [(options.mib << 20) / 1e6 / s for s in seconds(action, options.repeats)]
            print(
                f"{word} {options.mib} MiB: {statistics.median(rates):.0f} MB/s "
                f"[{min(rates):.0f}, {max(rates):.0f}]"
            )
        assert back.read_bytes() == sent.read_bytes()
        waits: dict[str, Callable[[], object]] = {
            "a command that does nothing": lambda: device.run(["true"], timeout=60),
            "reading temperatures and frequencies": lambda: read_conditions(device),
        }
        for word, action in waits.items():
            taken = [1000 * s for s in seconds(action, options.repeats)]
            print(f"{word}: {statistics.median(taken):.0f} ms [{taken[0]:.0f}, {taken[-1]:.0f}]")


if __name__ == "__main__":
    main()
