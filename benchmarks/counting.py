"""Counting instructions: .tflite files on the virtual device, each file once and never again.

A count depends on the file, LiteRT and the runner alone, so it is kept: `build/instructions` has
one JSON file for each, named by all of these.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from _edgeship.device_bench.building.bundle import bundle
from _edgeship.device_bench.devices.emulator import emulator
from _edgeship.device_bench.devices.virtual import VirtualDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.results.records import MeasurementSettings, Profile
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.device_bench.runners.native_runner import NativeRunner

_KEPT = Path("build/instructions")

_Kind = TypeVar("_Kind", "Count", Profile)

# The first run is reported by itself.
_SETTINGS = MeasurementSettings(
    warmup_runs=0, warmup_seconds=0.0, runs=1, seconds=0.0, rounds=1, timeout=600.0
)


class Count(BaseModel):
    """What one file takes, in instructions.

    Attributes:
        run: One inference.
        init: From the start of reading the file until it is ready to run.
        first: The first inference.
        profile: Operator by operator; the profiler counts in thousands.
    """

    model_config = ConfigDict(frozen=True)

    run: int
    init: int
    first: int
    profile: Profile | None


def count(files: Mapping[str, bytes], *, profile: bool = False) -> dict[str, Count]:
    """Return what files take, by the same keys.

    Args:
        files: The bytes of .tflite files.
        profile: Whether to ask the profiler too.

    Raises:
        DeviceError: The virtual device does not work here, or LiteRT refuses a file.
    """
    counts = _kept(files, Count, profile=False)
    if not profile:
        return counts
    profiles = _kept(files, Profile, profile=True)
    return {
        key: value.model_copy(update={"profile": profiles[key]}) for key, value in counts.items()
    }


def _kept(files: Mapping[str, bytes], kind: type[_Kind], *, profile: bool) -> dict[str, _Kind]:
    """Return what is known of files; what is not kept yet is measured, and kept."""
    places = {key: _KEPT / f"{_key(data, profile=profile)}.json" for key, data in files.items()}
    missing = {key: files[key] for key, path in places.items() if not path.is_file()}
    for key, outcome in _run(missing, profile=profile):
        process = outcome.process
        kept = outcome.profile or Count(
            run=process.runs[0], init=process.init, first=process.first, profile=None
        )
        _write(places[key], kept.model_dump_json())
    return {key: kind.model_validate_json(path.read_text()) for key, path in places.items()}


def _run(files: Mapping[str, bytes], *, profile: bool) -> Iterator[tuple[str, Outcome]]:
    if not files:
        return
    runner = NativeRunner()
    with tempfile.TemporaryDirectory() as folder, Workspace(VirtualDevice()) as workspace:
        runner.prepare(workspace)
        for key, data in files.items():
            path = Path(folder) / "model.tflite"
            path.write_bytes(data)
            job = Job(model=workspace.put(path), settings=_SETTINGS, want_profile=profile)
            yield key, runner.run(workspace, job)


def _key(data: bytes, *, profile: bool) -> str:
    made_of = (bundle("arm64-v8a").folder.name, *emulator(), repr(_SETTINGS), repr(profile))
    return hashlib.sha256("\0".join(made_of).encode() + b"\0" + data).hexdigest()[:32]


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(text)
    half.replace(path)
