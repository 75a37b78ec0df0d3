"""A small or read-only disk of a process of its own, made by Linux's namespaces."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_REMOUNT, _MS_REC, _MS_PRIVATE = 1, 32, 16384, 1 << 18


class NoDisksError(Exception):
    """This system lets no process have disks of its own."""


def on_disk(folder: Path, size: int, work: Callable[[], Any], *, read_only: bool = False) -> Any:
    """Return what a function returns in a forked process, in which a folder is a disk.

    Args:
        folder: What becomes the disk; what was in it is on the disk.
        size: Of the disk, in bytes.
        work: Returns JSON values.
        read_only: Whether nothing can be written.

    Raises:
        NoDisksError: This system has no such disks.
        AssertionError: The function raises.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _serve(folder, size, work, read_only, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = json.loads(pipe.read() or '{"raised": "it ended"}')
    os.waitpid(pid, 0)
    if "none" in said:
        raise NoDisksError(said["none"])
    assert "returned" in said, said["raised"]
    return said["returned"]


def _serve(folder: Path, size: int, work: Callable[[], Any], read_only: bool, writing: int) -> None:
    said: dict[str, Any]
    try:
        kept = {path.relative_to(folder): path.read_bytes() for path in _files(folder)}
        try:
            _separate()
            _mount(folder, 0, f"size={size}")
            for name, data in kept.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            if read_only:
                _mount(folder, _MS_REMOUNT | _MS_RDONLY, f"size={size}")
        except OSError as error:
            said = {"none": str(error)}
        else:
            said = {"returned": work()}
    except BaseException as error:
        said = {"raised": f"{type(error).__name__}: {error}"}
    os.write(writing, json.dumps(said).encode())
    os._exit(0)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _separate() -> None:
    """Give this process mounts of its own, and the right to make them."""
    if not sys.platform.startswith("linux"):
        raise OSError("only Linux has them")
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWNS | (0 if user == 0 else _CLONE_NEWUSER))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)


def _mount(folder: Path, flags: int, options: str) -> None:
    _call("mount", b"none", os.fsencode(folder), b"tmpfs", flags, options.encode())


def _call(name: str, *arguments: Any) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
