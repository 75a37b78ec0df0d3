"""The APK that all tests of the app share, and caches for tests of building it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from _edgeship.cache import cache_folder
from _edgeship.device_bench.app.build import BuiltApp, build_app
from _edgeship.device_bench.app.tools import check_available
from _edgeship.errors import DeviceError
from tests.android.app_fixtures import (
    android_jar,
    app,
    app_phone,
    bundle,
    litert,
    running_app_phone,
    unpacked,
)

__all__ = [
    "android_jar",
    "apk",
    "app",
    "app_phone",
    "built_app",
    "bundle",
    "cache",
    "litert",
    "running_app_phone",
    "unpacked",
]


def _missing() -> str:
    """Return what building lacks on this machine, or ""."""
    try:
        check_available()
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


@pytest.fixture
def cache(built_app: BuiltApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, with the key and the tools of the shared one."""
    shared = cache_folder()
    own = tmp_path / "cache"
    (own / "built").mkdir(parents=True)
    for folder in (shared / "built").glob("android-*"):
        (own / "built" / folder.name).symlink_to(folder)
    shutil.copy(built_app.key, own)
    monkeypatch.setenv("EDGESHIP_CACHE", str(own))
    return own
