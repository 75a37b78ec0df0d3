"""Where the user finds the APK, and the one that a measurement installs."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from _edgeship.device_bench.app.build import BuiltApp, build_app, built_from, sources_digest
from _edgeship.device_bench.app.litert_files import RUNTIME
from _edgeship.errors import InputError
from _edgeship.work_folders import work_folder

#: Where `app build` puts it by default, and where a measurement looks for it.
DEFAULT = Path("build/edgeship-bench.apk")


def place(built: BuiltApp, out: Path) -> None:
    """Copy an APK out of the cache to where the user wants it; it appears there whole.

    Raises:
        InputError: It cannot be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(out.parent, ".apk-") as own:
            fresh = own / out.name
            shutil.copyfile(built.path, fresh)
            fresh.replace(out)
    except OSError as error:
        raise InputError(
            f"{out} cannot be written.",
            why=error.strerror or str(error),
            todo="choose another file with --out FILE",
        ) from error


def default_apk(tell: Callable[[str], None] = lambda step: None) -> Path:
    """Return the path of the APK that measurements install: `DEFAULT`, built if need be.

    One that was built with `app build` stays as it is while its sources are the current ones. After
    that it is built anew, with the libraries of LiteRT that are in it.

    Raises:
        InputError: It cannot be written, or holds what no app of ours does.
        DeviceError: It cannot be built; the message says what is missing.
    """
    if not DEFAULT.exists():
        place(build_app(tell=tell), DEFAULT)
    elif built_from(DEFAULT) != sources_digest():
        litert = [DEFAULT] if _has_litert(DEFAULT) else []
        place(build_app(litert, tell=tell), DEFAULT)
    return DEFAULT


def _has_litert(apk: Path) -> bool:
    try:
        with zipfile.ZipFile(apk) as archive:
            return any(name.endswith(f"/{RUNTIME}") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{apk} is no app.",
            why=str(error),
            todo="Move it away, or build the app there: python -m device_bench app build",
        ) from error
