"""Running a .tflite file in a browser, as an app on the web does: LiteRT.js in a page."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.browser_parts import find_browser, litertjs
from _edgeship.export.runtimes.browser_server import Exchange, served
from _edgeship.export.runtimes.child import end_group, ending, late
from _edgeship.work_folders import temporary_folder

#: Seconds that a file may take, with all samples and the start of the browser.
_LIMIT_S = 300.0

#: How often it is looked whether the browser is still there, in seconds.
_LOOK_S = 0.2

#: WebGPU on SwiftShader, the software driver that the browser brings: the same everywhere.
_WEBGPU = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan,WebAssemblyExperimentalJSPI",
    "--use-vulkan=swiftshader",
    "--disable-vulkan-surface",
)

#: The folder of the browser's own files.
_PROFILE = "profile"

#: How lines of the page begin that report nothing wrong with the file.
_CHATTER = ("INFO:", "WARNING:")

#: How many of the page's last lines an error shows.
_SHOWN = 3


def open_page(
    data: bytes, job: dict[str, object], inputs: dict[tuple[int, int], bytes]
) -> Exchange:
    """Run a file in a page until it is done.

    Args:
        data: The whole file.
        job: ``accelerator`` (wasm or webgpu), ``samples``, and names of ``inputs`` and
            ``outputs``.
        inputs: Sample and port -> the bytes of an input.

    Raises:
        InputError: There is no browser, or LiteRT.js cannot be had.
        VerificationError: The page fails, the browser ends, or takes too long.
    """
    browser = find_browser()
    exchange = Exchange(litertjs(), data, job, inputs)
    with (
        temporary_folder() as folder,
        served(exchange) as url,
        (folder / "log").open("wb") as log,
    ):
        process = subprocess.Popen(  # noqa: S603  (the browser that was found)
            [browser, *_arguments(folder), url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        )
        try:
            problem = _wait(exchange, process, folder / "log")
        finally:
            end_group(process)
            _remove_socket(folder / _PROFILE)
    if problem:
        printed = [line for line in exchange.log if not line.startswith(_CHATTER)]
        said = "; ".join(printed[-_SHOWN:])
        raise VerificationError(
            "The page in the browser fails on the file.",
            why=f"{problem.rstrip('.')}." + (f" The page printed: {said}" if said else ""),
        )
    return exchange


def _arguments(folder: Path) -> list[str]:
    arguments = [
        "--headless=new",
        f"--user-data-dir={folder / _PROFILE}",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-dev-shm-usage",
        *_WEBGPU,
    ]
    # Browsers have no sandbox for root.
    return ["--no-sandbox", *arguments] if os.geteuid() == 0 else arguments


def _wait(exchange: Exchange, process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the page is done; return how it failed, or ""."""
    last = time.monotonic() + _LIMIT_S
    while not exchange.ended.wait(_LOOK_S):
        code = process.poll()
        if code is not None:
            return ending(code, log)
        if time.monotonic() > last:
            return late(_LIMIT_S)
    return exchange.failure


def _remove_socket(profile: Path) -> None:
    """Remove the socket of a browser that was killed.

    Paths of sockets are short, so it makes a folder for it among the temporary files.
    """
    with contextlib.suppress(OSError):  # it had not come so far
        folder = (profile / "SingletonSocket").readlink().parent
        for name in ("SingletonCookie", "SingletonSocket"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
