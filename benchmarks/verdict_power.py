"""How often `compare` is wrong, and how often it finds a difference, from measured rounds.

Run: python benchmarks/verdict_power.py FILE.tflite [--device local] [--rounds 120]
     python benchmarks/verdict_power.py FILE.tflite --phone --seconds 0.2 --warmup 0.1
     python benchmarks/verdict_power.py --store FILE.sqlite

With --phone the device is the virtual phone of the tests, which is started for it: QEMU on this
machine, reached by adb, whose times are those of an emulator and say nothing of a phone.

A file is measured beside itself for many rounds. Of these, experiments of as many rounds as a user
takes are drawn by thousands: blocks of consecutive rounds, drawn with replacement, so that drift
and what lasts over several rounds stay in (a circular block bootstrap, Politis and Romano, 1992).
Both measurements are of one file, so a coin decides for each block which of them is called B:
nothing can favour it but chance. For an A/B experiment all times of B are made longer by a known
percentage.

Prints, for each number of rounds, how many of the experiments with equal files ended in "slower"
or "faster", which at 99.9 % should be one in a thousand at most, how often a file that is 1, 2, 3
and 5 % slower was called so, and how often equal files were called the same within 2 and 5 %.
Exits with 1 if there were more false verdicts than chance explains.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

from _edgeship.device_bench.results.comparing import RATIO_CONFIDENCE, compare
from _edgeship.device_bench.results.records import Measurement, Round, Session
from _edgeship.device_bench.store.store import Filter, Store

ROUNDS = (6, 11, 20, 30)
SLOWER = (0.01, 0.02, 0.03, 0.05)
MARGINS = (0.02, 0.05)

#: Consecutive rounds that are drawn together.
BLOCK = 5


def record(file: Path, device: str, more: Sequence[str], store: Path) -> None:
    """Measure a file beside itself, as a user does."""
    words = ["compare", str(file), str(file), "--device", device, *more]
    command = [sys.executable, "-m", "device_bench", *words, "--store", str(store)]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(f"measured in {(time.monotonic() - began) / 60:.1f} minutes", flush=True)


@contextmanager
def phone() -> Iterator[str]:
    """Yield the selector of a virtual phone that is on until the end of the block."""
    from virtual_phones import phones

    with phones(1) as [one]:
        yield f"adb:{one.serial}"


def twins(session: Session) -> tuple[Measurement, Measurement] | None:
    """Return two measurements of one file in one way; None if the session has none."""
    every = session.measurements
    for index, one in enumerate(every):
        for other in every[index + 1 :]:
            if one.subject.sha256 == other.subject.sha256 and one.settings == other.settings:
                return one, other
    return None


def stretched(one: Round, factor: float) -> Round:
    """Return a round whose runs took longer by a factor."""
    runs = tuple(round(run * factor) for run in one.process.runs)
    return one.model_copy(update={"process": one.process.model_copy(update={"runs": runs})})


def drawn(
    pairs: Sequence[tuple[Round, Round]], count: int, generator: np.random.Generator
) -> list[tuple[Round, Round]]:
    """Return an experiment of ``count`` pairs, in blocks, each with its names by chance."""
    found: list[tuple[Round, Round]] = []
    while len(found) < count:
        start, swapped = generator.integers(len(pairs)), generator.random() < 0.5
        for step in range(BLOCK):
            a, b = pairs[(start + step) % len(pairs)]
            found.append((b, a) if swapped else (a, b))
    return found[:count]


def verdict(experiment: Sequence[tuple[Round, Round]], factor: float, margin: float = 0.0) -> str:
    """Return what `compare` says of an experiment in which B takes longer by a factor."""
    a = [one.model_copy(update={"number": k}) for k, (one, _) in enumerate(experiment)]
    b = [
        stretched(other, factor).model_copy(update={"number": k})
        for k, (_, other) in enumerate(experiment)
    ]
    return compare(a, b, margin).verdict


def report(session: Session, repeats: int) -> bool:
    """Print a table for a session; return whether its false verdicts are as few as promised."""
    found = twins(session)
    if found is None:
        return True
    pairs = list(zip(found[0].rounds, found[1].rounds, strict=False))
    device = session.device
    print(f"{device.selector} ({device.model}), {found[0].subject.label}, {len(pairs)} rounds")
    print(f"{repeats} experiments a cell; rounds in blocks of {BLOCK}")
    slower = "".join(f"  {100 * more:.0f} % found" for more in SLOWER)
    same = "".join(f"  same in {100 * margin:.0f} %" for margin in MARGINS)
    print(f"rounds  false verdicts{slower}{same}")
    right = True
    for count in ROUNDS:
        generator = np.random.default_rng(count)
        experiments = [drawn(pairs, count, generator) for _ in range(repeats)]
        false = sum(verdict(one, 1.0) in ("slower", "faster") for one in experiments)
        shares = [
            sum(verdict(one, 1 + more) == "slower" for one in experiments) / repeats
            for more in SLOWER
        ]
        alike = [
            sum(verdict(one, 1.0, margin) == "the same" for one in experiments) / repeats
            for margin in MARGINS
        ]
        cells = "".join(f"{share:>11.1%}" for share in (*shares, *alike))
        print(f"{count:>6}  {false:>6} of {repeats}{cells}")
        # With fewer than 11 rounds less than the full confidence can be had: 96.9 % with six.
        level = 1 - min(RATIO_CONFIDENCE, 1 - 2.0 ** (1 - count))
        expected = level * repeats
        right &= false <= expected + 3 * (expected + 1) ** 0.5
    return right


def main() -> int:
    """Record rounds or read them, and count verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--device", default="local")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--warmup", type=float, default=0.2)
    parser.add_argument("--keep", type=Path, help="where the rounds are kept; nowhere by default")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--repeats", type=int, default=1000)
    options = parser.parse_args()
    if (options.file is None) == (options.store is None):
        parser.error("name a file to measure, or a --store with sessions of a file beside itself")
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or options.keep or Path(folder) / "rounds.sqlite"
        if options.file is not None:
            more = [
                f"--{name}={getattr(options, name)}" for name in ("rounds", "seconds", "warmup")
            ]
            with phone() if options.phone else nullcontext(options.device) as device:
                record(options.file, device, more, store)
        with Store(store, create=False) as opened:
            sessions = opened.sessions(Filter())
        results = [report(session, options.repeats) for session in sessions]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
