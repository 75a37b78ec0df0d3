"""Fixtures with the app on the JVM; `conftest.py` makes them available to the tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import ai_edge_litert
import pytest

from _edgeship.device_bench.app.resources import RES
from _edgeship.device_bench.app.tools import android_tools
from tests.android.on_jvm import AppOnJvm
from tests.android.unpacked import JSON_JAR, Unpacked, unpack
from tests.phone.apps import Apps
from tests.phone.machine import MachineError
from tests.phone.phone import Phone
from tests.phone.programs import FetchError
from tests.phone.server import AdbServer

# A program or a file -> Debian package that has it.
_PACKAGES = {
    "enjarify": "enjarify",
    "gcc": "gcc",
    "unshare": "util-linux",
    str(JSON_JAR): "libandroid-json-java",
}


@pytest.fixture(scope="session")
def unpacked(apk: Path) -> Unpacked:
    """The app, ready for the JVM."""
    missing = {
        package
        for name, package in _PACKAGES.items()
        if not (Path(name).is_file() if "/" in name else shutil.which(name))
    }
    if missing:
        pytest.skip(f"needs the Debian packages {' '.join(sorted(missing))}")
    return unpack(apk, RES)


@pytest.fixture(scope="session")
def android_jar(apk: Path) -> Path:
    """Android's classes without their code, API 23."""
    return android_tools().android_jar


@pytest.fixture(scope="session")
def litert() -> Path:
    """The folder with the libLiteRt.so of the Python package."""
    return Path(next(iter(ai_edge_litert.__path__)))


@pytest.fixture
def app(unpacked: Unpacked, litert: Path, tmp_path: Path) -> Iterator[AppOnJvm]:
    """The app, just installed on an empty phone."""
    with AppOnJvm(unpacked, litert, tmp_path / "phone") as app:
        yield app


@pytest.fixture(scope="module")
def running_app_phone(unpacked: Unpacked, litert: Path, adb_server: AdbServer) -> Iterator[Phone]:
    """A virtual phone that apps can be installed on; `app_phone` puts it in order."""
    try:
        phone = Phone(partial(Apps, res=RES, litert=litert))
    except (FetchError, MachineError) as error:
        pytest.skip(f"no virtual phone: {error}")
    with phone:
        yield phone


@pytest.fixture
def app_phone(running_app_phone: Phone, adb_server: AdbServer) -> Iterator[Phone]:
    """A virtual phone that apps can be installed on: connected, empty, without faults."""
    adb_server.run("connect", running_app_phone.serial)
    yield running_app_phone
    running_app_phone.restore()
    adb_server.run("disconnect", running_app_phone.serial)
