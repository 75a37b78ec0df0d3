"""Whatever a device prints is read or refused in words, and terminals see characters only."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from _edgeship.device_bench.devices.system import read_conditions, read_properties
from _edgeship.device_bench.runners import app_refusals, gpu_words
from _edgeship.device_bench.runners.benchmark_model import parse_output, read_accelerated
from _edgeship.device_bench.runners.native_report import (
    MalformedError,
    RunnerError,
    parse_app_report,
    parse_report,
)
from _edgeship.errors import DeviceError
from tests.device_bench.devices.answers import Answers
from tests.device_bench.devices.test_system import PI, PIXEL, STATE
from tests.device_bench.runners.test_benchmark_model import NEW, OLD
from tests.device_bench.runners.test_native_report import END, FIRST, INIT, RUN, WARMUP, text

#: What is put into places where nobody expects it.
_ODD = (
    *("\x1b[2J\x1b[31m", "\x00", "\x07", "\x9b31m", "\u202e", "\ud800", "\u2028", "<script>"),
    *("-1", "1e999", "nan", "9" * 400, "0x", "{", "]", '"', "\\u0000", "true", "null", ":", "@@ "),
    *("\n", "\r", "\r\n", "\t", "", " " * 5000, "%s%n", "../../x", "\N{ARABIC-INDIC DIGIT ONE}"),
)

_TURNS = 600


def _damaged(seed: str, chance: random.Random) -> str:
    """Return a text with something odd in it, something cut out, or something said twice."""
    found = seed
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(found))
        to = min(len(found), at + chance.choice((0, 1, 5, 40, 400)))
        kind = chance.randint(0, 3)
        if kind == 0:
            found = found[:at]
        elif kind == 1:
            found = found[:at] + chance.choice(_ODD) + found[to:]
        elif kind == 2:
            found = found[:at] + found[to:]
        else:
            found = found[:to] + found[at:to] * chance.choice((1, 3)) + found[to:]
    return found


def _report(said: str) -> Any:
    return parse_report(said, "LiteRT")


def _app_report(said: str) -> Any:
    return parse_app_report(said, "LiteRT")


def _refusal(said: str) -> Any:
    return gpu_words.refusal(said, "gpu", "adb:FAKE")


_REPORT = text(INIT, FIRST, WARMUP, RUN, RUN, END)
_LOG = "Replacing 3 out of 5 node(s) with delegate (GPU) node, yielding 2 partitions"

READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "properties of a phone": (lambda said: read_properties(Answers(said)), PIXEL),
    "properties of a computer": (lambda said: read_properties(Answers(said)), PI),
    "state": (lambda said: read_conditions(Answers(said)), STATE),
    "report": (_report, _REPORT),
    "report of the app": (_app_report, _REPORT),
    "benchmark_model": (lambda said: parse_output(said, "LiteRT"), OLD),
    "what benchmark_model's delegate took": (read_accelerated, NEW),
    "what the GPU took": (gpu_words.accelerated, _LOG),
    "what the GPU refused": (_refusal, _LOG),
    "installing": (app_refusals.installing, "Failure [INSTALL_FAILED_NO_MATCHING_ABIS: res=-113]"),
    "running": (app_refusals.running, "Error: Activity class {a/b} does not exist."),
}


@pytest.mark.parametrize("name", READERS)
def test_it_is_read_or_refused_in_words(name: str) -> None:
    read, seed = READERS[name]
    chance = random.Random(name)  # noqa: S311 - no secret
    for _ in range(_TURNS):
        said = _damaged(seed, chance)
        try:
            found = read(said)
        except (DeviceError, MalformedError, RunnerError) as error:
            assert len(str(error)) < 100_000, said
            continue
        assert _printable(found), said


def _printable(found: Any) -> bool:
    """Return whether every text of a record is one line of characters."""
    if isinstance(found, str):
        return found.isprintable()
    if isinstance(found, dict):
        return all(map(_printable, (*found, *found.values())))
    if isinstance(found, list | tuple):
        return all(map(_printable, found))
    if hasattr(found, "model_dump_json"):
        return _printable(json.loads(found.model_dump_json()))
    return True
