"""The files that an accelerator needs beside the native runner, and how they are found there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _edgeship.device_bench.app.elf import NotAnElfError, read_library
from _edgeship.device_bench.building.litert_library import GPU_LIBRARY, copy_library
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.errors import InputError
from _edgeship.work_folders import temporary_folder

# LiteRT looks for libraries of these names in the folder that it is given, or that is searched.
_LOADED = {
    "gpu": re.compile(r"libLiteRt\w{0,64}Accelerator\.so"),
    "npu": re.compile(r"libLiteRtDispatch\w{0,64}\.so"),
}
_LIKE = {"gpu": "libLiteRtOpenClAccelerator.so", "npu": "libLiteRtDispatch_VENDOR.so"}

_PLAIN = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}")

_VULKAN = "libvulkan.so.1"


@dataclass(frozen=True)
class Brought:
    """How the runner is started so that it finds an accelerator.

    Attributes:
        before: Words before the program.
        after: Words behind it.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def check_libraries(accelerator: str, files: Sequence[Path]) -> None:
    """Check what a user names with ``--accelerator-library``.

    Raises:
        InputError: A file is missing or no library, two have one name, or none of them is one that
            LiteRT looks for.
    """
    by_name: dict[str, Path] = {}
    for file in files:
        if not file.is_file():
            raise InputError("There is no such library.", where=f"--accelerator-library {file}")
        if not _PLAIN.fullmatch(file.name):
            raise InputError(
                "A library's name must be plain: it is looked for by that name.",
                where=f"--accelerator-library {file}",
            )
        if file.name in by_name:
            raise InputError(
                f"Two libraries are called {file.name}, and one would replace the other.",
                where=f"--accelerator-library {by_name[file.name]}, {file}",
            )
        by_name[file.name] = file
    if not files and accelerator == "npu":
        raise InputError(
            "An NPU needs its vendor's dispatch library, which edgeship does not bring.",
            todo="name it, and the compiler plugin that belongs to it: --accelerator-library "
            f"{_LIKE['npu']} --accelerator-library libLiteRtCompilerPlugin_VENDOR.so",
        )
    if files and not any(_LOADED[accelerator].fullmatch(file.name) for file in files):
        raise InputError(
            f"None of the libraries is one for {accelerator.upper()}s by its name.",
            where=", ".join(map(str, files)),
            why=f"LiteRT looks for names such as {_LIKE[accelerator]}.",
            todo="name that one, too; --accelerator-library may be given several times",
        )


def bring(workspace: Workspace, accelerator: str, files: Sequence[Path], abi: str) -> Brought:
    """Put what an accelerator needs into the runner's folder.

    Args:
        workspace: The runner is in it.
        accelerator: "cpu", "gpu" or "npu".
        files: The user's libraries; without any, LiteRT's own for GPUs is taken where one can work.
        abi: The device's.

    Raises:
        InputError: The device has no such accelerator, or a library is for another device.
        DeviceError: A file cannot be had or pushed.
    """
    if accelerator == "cpu":
        return Brought()
    if workspace.device.unit == "instructions":
        raise InputError(
            f"The virtual device has no {accelerator.upper()}: it counts a CPU's instructions.",
            todo="use --device local, or --accelerator cpu",
        )
    for file in files:
        _check_machine(file, abi)
        workspace.put(file, file.name)
    if accelerator == "npu":
        return Brought(after=("--npu-folder", "."))
    if not files:
        _put_own(workspace, abi)
    if workspace.device.selector != "local":
        return Brought()  # The drivers of another machine are found by its own loader.
    return _with_vulkan(workspace, is_users=bool(files))


def _put_own(workspace: Workspace, abi: str) -> None:
    """Put LiteRT's accelerator for Vulkan there, which is built for Linux."""
    if workspace.device.selector.startswith("adb:"):
        raise InputError(
            "There is no accelerator for a phone's GPU here.",
            where=workspace.device.selector,
            why="LiteRT's packages for Python have one for Linux, and Android is another system.",
            todo="use --runner app, with an app that was built with LiteRT's libraries for Android "
            "or --runner benchmark_model:FILE",
        )
    with temporary_folder() as own:
        library = own / GPU_LIBRARY
        copy_library(abi, library, GPU_LIBRARY)
        workspace.put(library, GPU_LIBRARY)


def _with_vulkan(workspace: Workspace, *, is_users: bool) -> Brought:
    """Let the runner find the Vulkan driver of this computer that LiteRT's accelerator accepts."""
    from _edgeship.export.delegates.accelerator import find_accelerator
    from _edgeship.export.delegates.vulkan import candidates

    # A user's library may need none: nothing is demanded for it.
    vulkan = next(iter(candidates()), None) if is_users else find_accelerator().vulkan
    if vulkan is None:
        return Brought()
    if vulkan.loader is not None:
        workspace.put(vulkan.loader, _VULKAN)
    drivers = f"VK_ICD_FILENAMES={vulkan.drivers}"
    return Brought(before=("env", drivers) if vulkan.drivers else ())


def _check_machine(file: Path, abi: str) -> None:
    """Refuse a library that cannot be loaded beside the native runner."""
    where = f"--accelerator-library {file}"
    try:
        about = read_library(file.read_bytes())
    except (OSError, NotAnElfError) as error:
        raise InputError("This is no library.", where=where, why=str(error)) from error
    if about.abi != abi:
        raise InputError(f"The library is for {about.abi}, and the device is {abi}.", where=where)
    if "libc.so" in about.needed:
        raise InputError(
            "The library is for Android's C library, and the native runner brings Linux's.",
            where=where,
            todo="pack it into the app: `python -m device_bench app build --litert FILE` with each "
            "of LiteRT's libraries for Android, and use --runner app",
        )
