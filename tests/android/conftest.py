"""The APK that all tests of the app share."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.device_bench.app.build import BuiltApp, build_app
from _edgeship.device_bench.app.tools import check_installed
from _edgeship.errors import DeviceError


def _missing() -> str:
    """Return what building lacks on this machine, or ""."""
    try:
        check_installed()
    except DeviceError as error:
        return f"{error.what} {error.todo}"
    return ""


@pytest.fixture(scope="session")
def built_app() -> BuiltApp:
    """The app without LiteRT, and what is known of it.

    It comes from the cache, in which one of all workers builds it while the others wait.
    """
    if missing := _missing():
        pytest.skip(missing)
    return build_app()


@pytest.fixture(scope="session")
def apk(built_app: BuiltApp) -> Path:
    """Path of the APK; nobody may change the file."""
    return built_app.path
