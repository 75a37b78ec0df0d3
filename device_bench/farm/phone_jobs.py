"""The jobs that need a phone, which run on the machine that it hangs on."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.cache import cache_folder

if TYPE_CHECKING:
    from _edgeship.device_bench.measurement.settings import MeasurementOptions

Tell = Callable[[Mapping[str, Any]], None]

#: What `jobs.Job.function` names.
DESCRIBE = "_edgeship.device_bench.farm.phone_jobs:describe"
MEASURE = "_edgeship.device_bench.farm.phone_jobs:measure_files"


def describe(payload: Mapping[str, Any], folder: Path, tell: Tell) -> dict[str, Any]:
    """Return what a phone is, and the settings that files are measured with on it.

    Args:
        payload: ``selector``, and ``options`` of `MeasurementOptions`.
        folder: Stays empty.
        tell: Told nothing.

    Raises:
        InputError: The selector or an option is wrong.
        DeviceError: The phone cannot be used.
    """
    from _edgeship.device_bench.devices.find import find
    from _edgeship.device_bench.devices.system import read_properties

    device = find(payload["selector"])
    return {
        "properties": read_properties(device).model_dump(mode="json"),
        "settings": _options(payload).settings(device).model_dump(mode="json"),
    }


def measure_files(payload: Mapping[str, Any], folder: Path, tell: Tell) -> dict[str, Any]:
    """Measure files in one session, beside one another.

    Args:
        payload: ``selector`` and ``options`` as for `describe`; ``files``, whose paths are relative
            to the current folder; ``command``, for the record; and ``away_seconds``.
        folder: Stays empty.
        tell: Told each event of the session, as `wire.to_json` writes it.

    Returns:
        ``session``: its id.

    Raises:
        InputError: A file or an option is wrong.
        VerificationError: A file computes something else there than on the host.
        DeviceError: The phone failed, or did not come back.
    """
    from _edgeship.device_bench.devices.find import find
    from _edgeship.device_bench.farm.wire import to_json
    from _edgeship.device_bench.measurement.session import measure
    from _edgeship.device_bench.runners.find import runner

    options = _options(payload)
    with alone(payload["selector"], tell):
        device = find(payload["selector"])
        session = measure(
            device,
            [runner(options.runner, accelerator=options.accelerator)],
            [Path(name) for name in payload["files"]],
            options.settings(device),
            command=payload["command"],
            on_event=lambda event: tell(to_json(event)),
            away_seconds=payload["away_seconds"],
        )
    return {"session": session.id}


@contextmanager
def alone(selector: str, tell: Tell) -> Iterator[None]:
    """Have a phone alone, among all farms of this machine; wait until it is free.

    Args:
        selector: The phone.
        tell: Told if there is a wait.
    """
    place = cache_folder() / "farm" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', selector)}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell({"busy": selector})
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _options(payload: Mapping[str, Any]) -> MeasurementOptions:
    from _edgeship.device_bench.measurement.settings import MeasurementOptions

    return MeasurementOptions(**payload["options"])
