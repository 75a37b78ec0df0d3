"""Where the phone's programs run: arm64 under qemu, in namespaces that end with the phone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

_QEMU = "/qemu-aarch64"

# As adbd sets it, and the processor that qemu imitates.
_ENVIRONMENT = {
    "PATH": "/product/bin:/system/bin:/vendor/bin",
    "HOME": "/",
    "ANDROID_ROOT": "/system",
    "ANDROID_DATA": "/data",
    "TMPDIR": "/data/local/tmp",
    "SHELL": "/system/bin/sh",
    "USER": "shell",
    "QEMU_CPU": "cortex-a76",
}

# The first process of the namespace; $1 is the root. It prepares the mounts, registers qemu for
# arm64 programs (magic and mask of an ELF header of that machine), says that it is ready, and then
# collects orphans as init does. The registration is the namespace's own, which needs Linux 6.7. The
# end of its input ends it and with it all programs of the phone, even if we are killed. (proot
# needs no namespaces, but mksh finds no programs in it: Debian 12's proot does not know the system
# call faccessat2.)
_INIT = r"""
set -e
root=$1
exec 3<&0
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' ':arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:'\
'\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/qemu-aarch64:' \
    >/proc/sys/fs/binfmt_misc/register
mount -t proc proc "$root/proc"
mount --bind "$root/etc/cpuinfo" "$root/proc/cpuinfo"
mount --bind "$root/etc/boot_id" "$root/proc/sys/kernel/random/boot_id"
for device in null zero random urandom; do
    mount --bind "/dev/$device" "$root/dev/$device"
done
cat <&3 >/dev/null &
echo ready
wait
"""


class MachineError(Exception):
    """This machine does not allow what the phone needs."""


class Running:
    """A command on the phone; what `shell.py` asks for.

    Attributes:
        stdin: Its input.
        stdout: Its output.
        stderr: Its messages.
    """

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        process: asyncio.subprocess.Process,
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._transport = transport
        self._process = process
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr

    async def wait(self) -> int:
        return await self._process.wait()

    def hang_up(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            for number in _children(self._process.pid):
                os.kill(number, signal.SIGHUP)
        for number in range(3):
            pipe = self._transport.get_pipe_transport(number)
            if pipe is not None:
                pipe.close()


class Machine:
    """A phone's processor and memory: commands can run while it is on, and die when it goes off.

    Needs Linux 6.7 or later on x86-64, with user namespaces.

    Args:
        root: The folder that is "/" on the phone, made by `root.py`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unshare: subprocess.Popen[str] | None = None
        self._init = 0
        self._system: set[int] = set()

    def switch_on(self) -> None:
        """Make the namespaces.

        Raises:
            MachineError: The system refuses; the message quotes it.
        """
        argv = [_tool("unshare"), "-Urmpf", "--kill-child"]
        self._unshare = subprocess.Popen(  # noqa: S603  all words are ours
            [*argv, "/bin/sh", "-c", _INIT, "sh", str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._unshare.stdout is not None
        assert self._unshare.stderr is not None
        if self._unshare.stdout.readline() != "ready\n":
            words = self._unshare.stderr.read().strip()
            self.switch_off()
            raise MachineError(f"the namespaces of the virtual phone cannot be made: {words}")
        [self._init] = _children(self._unshare.pid)
        self._system = {self._init, *_children(self._init)}

    def switch_off(self) -> None:
        """Kill all processes of the phone and wait until they have ended."""
        if self._unshare is not None:
            self._unshare.kill()
            self._unshare.communicate()
            self._unshare = None

    def enter(self) -> list[str]:
        """Return the beginning of a command line that runs a program of this machine on it."""
        argv = [_tool("nsenter"), "--target", str(self._init), "--user", "--mount", "--pid"]
        return [*argv, "--preserve-credentials"]

    async def start(self, command: str) -> Running:
        argv = [*self.enter(), _tool("chroot"), str(self._root), "/system/bin/sh"]
        if command:
            argv += ["-c", command]
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=1 << 16, loop=loop),
            *(os.fsencode(word) for word in argv),
            env=_ENVIRONMENT,
        )
        process = asyncio.subprocess.Process(transport, protocol, loop)
        return Running(transport, process)

    def processes(self) -> dict[int, str]:
        """Return process number on this machine -> command line, for what runs on the phone."""
        found = {}
        own = Path(f"/proc/{self._init}/ns/pid").readlink()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # It may end while we look.
                if (folder / "ns/pid").readlink() == own and int(folder.name) not in self._system:
                    words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(folder.name)] = (
                        words.decode("utf-8", "replace").strip().removeprefix(f"{_QEMU} ")
                    )
        return found


def _children(number: int) -> list[int]:
    try:
        return [int(w) for w in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _tool(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise MachineError(f"the program {name} is not there")
    return path
