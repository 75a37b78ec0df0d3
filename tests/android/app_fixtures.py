"""Fixtures with the app on the JVM; `conftest.py` makes them available to the tests here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from _edgeship.device_bench.app.resources import RES
from _edgeship.device_bench.app.tools import android_tools
from tests.android.on_jvm import AppOnJvm
from tests.android.unpacked import Unpacked, unpack
from tests.export.command_line import run
from tests.phone.fixtures import in_order, switched_on
from tests.phone.phone import Phone
from tests.phone.server import AdbServer
from tests.phone.with_apps import LITERT, make_apps, missing_packages


@pytest.fixture(scope="session")
def unpacked(apk: Path) -> Unpacked:
    """The app, ready for the JVM."""
    if missing := missing_packages():
        pytest.skip(f"needs the Debian packages {' '.join(missing)}")
    return unpack(apk, RES)


@pytest.fixture(scope="session")
def android_jar(apk: Path) -> Path:
    """Android's classes without their code, API 23."""
    return android_tools().android_jar


@pytest.fixture(scope="session")
def litert() -> Path:
    """The folder with the libLiteRt.so of the Python package."""
    return LITERT


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained network as its user gets it, in float32 and int8."""
    folder = tmp_path_factory.mktemp("bundle")
    words = ["shufflenet_v2_x0_5", "--weights", "cifar10", "--to", "tflite"]
    run(*words, "--quant", "none,int8", "--out", folder)
    return folder


@pytest.fixture
def app(unpacked: Unpacked, litert: Path, tmp_path: Path) -> Iterator[AppOnJvm]:
    """The app, just installed on an empty phone."""
    with AppOnJvm(unpacked, litert, tmp_path / "phone") as app:
        yield app


@pytest.fixture(scope="module")
def running_app_phone(unpacked: Unpacked, adb_server: AdbServer) -> Iterator[Phone]:
    """A virtual phone that apps can be installed on; `app_phone` puts it in order."""
    yield from switched_on(partial(Phone, make_apps))


@pytest.fixture
def app_phone(running_app_phone: Phone, adb_server: AdbServer) -> Iterator[Phone]:
    """A virtual phone that apps can be installed on: connected, empty, without faults."""
    yield from in_order(running_app_phone, adb_server)
