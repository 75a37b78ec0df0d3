"""Fixtures with a virtual phone; `tests/conftest.py` makes them available to all tests."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.phone.machine import MachineError
from tests.phone.phone import Phone
from tests.phone.programs import FetchError
from tests.phone.server import AdbServer

# Program -> Debian package that has it.
PACKAGES = {
    "adb": "adb",
    "qemu-aarch64": "qemu-user",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}


@pytest.fixture(scope="session")
def adb_server() -> Iterator[AdbServer]:
    """An adb server for the tests alone; everything in this process that uses adb uses it."""
    if shutil.which("adb") is None:
        pytest.skip("needs the Debian package adb")
    with AdbServer() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def running_phone(adb_server: AdbServer) -> Iterator[Phone]:
    """A phone that the tests of a module share; `phone` puts it in order after each test."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("the virtual phone needs Linux on x86-64")
    missing = sorted({name for tool, name in PACKAGES.items() if shutil.which(tool) is None})
    if missing:
        pytest.skip(f"needs the Debian packages {' '.join(missing)}")
    yield from switched_on(Phone)


@pytest.fixture
def phone(running_phone: Phone, adb_server: AdbServer) -> Iterator[Phone]:
    """A virtual phone, connected, without faults and with nothing in /data/local/tmp."""
    yield from in_order(running_phone, adb_server)


def switched_on(make: Callable[[], Phone]) -> Iterator[Phone]:
    """Give a phone until it is not needed; skip where this machine cannot have one."""
    try:
        phone = make()
    except (FetchError, MachineError) as error:
        pytest.skip(f"no virtual phone: {error}")
    with phone:
        yield phone


def in_order(phone: Phone, adb_server: AdbServer) -> Iterator[Phone]:
    """Give a phone that is connected, and take away what was done to it."""
    adb_server.run("connect", phone.serial)
    yield phone
    phone.restore()
    adb_server.run("disconnect", phone.serial)
