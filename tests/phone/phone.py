"""A virtual phone: a system, a machine that runs it, a daemon, and faults to switch on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tests.phone import root, shell, sync
from tests.phone.daemon import Daemon, Service
from tests.phone.machine import Machine

if TYPE_CHECKING:
    from tests.phone.apps import Apps

_T = TypeVar("_T")

MakeApps = Callable[[Path, Machine, sync.Storage], "Apps"]

_BANNER = ("ro.product.name", "ro.product.model", "ro.product.device")
_FEATURES = "shell_v2,cmd,stat_v2,fixed_push_mkdir,fixed_push_symlink_timestamp"

# Seconds between looks at whether a program runs.
_POLL_S = 0.02


class Phone:
    """A phone that is reached at 127.0.0.1, switched on from construction until `close`.

    Its commands are executed by an arm64 shell. Its times are those of qemu on this machine and say
    nothing about a phone. Methods switch faults on and off; those called `when_...` wait for the
    right moment first.

    Args:
        make_apps: Makes what answers `pm`, `am` and `content`; without it there are no apps.

    Attributes:
        root: The folder on this machine that is "/" on it.

    Raises:
        FetchError: Its programs cannot be had.
        MachineError: This machine does not allow what it needs.
    """

    def __init__(self, make_apps: MakeApps | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="virtual-phone-"))
        self.root = self._folder / "root"
        self._storage = sync.Storage(self.root)
        self._machine = Machine(self.root)
        self._properties = dict(root.PROPERTIES)
        self._change_output: shell.OnOutput = lambda command, data: data
        banner = [f"{name}={self._properties[name]}" for name in _BANNER]
        self._daemon = Daemon(";".join([*banner, f"features={_FEATURES}"]), self._service)
        self._threads: list[threading.Thread] = []
        self._giving_up = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._loop_thread.start()
        self._apps: Apps | None = None
        try:
            root.build(self.root)
            if make_apps is not None:
                self._apps = make_apps(self.root, self._machine, self._storage)
            self._boot()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Phone:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Switch it off for good and remove its files."""
        self._settle()
        self._do(self._daemon.vanish())
        if self._apps is not None:
            self._apps.stop()
        self._machine.switch_off()
        self._do(self._daemon.close())
        if self._apps is not None:
            self._apps.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join()
        self._loop.close()
        shutil.rmtree(self._folder)

    @property
    def apps(self) -> Apps:
        """Its apps, if it was made with any."""
        assert self._apps is not None
        return self._apps

    @property
    def serial(self) -> str:
        """Adb's name for it."""
        return f"127.0.0.1:{self._daemon.port}"

    @property
    def free_bytes(self) -> int | None:
        """Bytes that are left for pushed files; None for as many as this machine has."""
        return self._storage.free_bytes

    @free_bytes.setter
    def free_bytes(self, count: int | None) -> None:
        self._storage.free_bytes = count

    def path(self, remote: str) -> Path:
        """Return where a path of the phone lies on this machine."""
        return self._storage.path(remote)

    def processes(self) -> list[str]:
        """Return the command lines of what runs on it, without its first process."""
        return sorted(self._machine.processes().values())

    def set_property(self, name: str, value: str) -> None:
        """Change what `getprop` says."""
        self._properties[name] = value
        root.write_properties(self.root, self._properties)

    def unauthorize(self) -> None:
        """Forget which servers are allowed; a server must prove itself when it comes back."""
        self._daemon.authorized = False
        self._do(self._daemon.vanish())
        self._do(self._daemon.listen())

    def authorize(self) -> None:
        """Answer the question on the screen with yes."""
        self._do(self._daemon.authorize())

    def unplug(self) -> None:
        """Pull the cable."""
        self._do(self._daemon.vanish())

    def plug(self) -> None:
        """Plug the cable in again; the server still has to connect."""
        self._do(self._daemon.listen())

    def freeze(self) -> None:
        """Say nothing more, on any connection, until `thaw`."""
        self._daemon.frozen = True

    def thaw(self) -> None:
        """Speak again; what was not said in between is lost, as after a crash of adbd."""
        self._daemon.frozen = False

    def reboot(self, seconds: float = 0.2) -> None:
        """Switch it off and, after some time, on again; files stay."""
        self.unplug()
        self._machine.switch_off()
        time.sleep(seconds)
        self._boot()

    def throttle(self) -> None:
        """Become hot: the big cores are held below their full frequency."""
        root.write_hardware(
            self.root, big_khz_cap=root.THROTTLED_KHZ, celsius=68.0, thermal_status=3
        )

    def run_on_battery(
        self, charge: int, microvolts: int = 4_000_000, *, kernel: bool = True
    ) -> None:
        """Have no power but the battery's, which has this charge in microampere hours.

        Args:
            charge: What its counter says.
            microvolts: Its voltage.
            kernel: Whether the kernel's files may be read, or only Android's service tells.
        """
        root.write_battery(self.root, charge, microvolts, kernel=kernel)

    def cool_down(self) -> None:
        """Become as cool as at the beginning."""
        root.write_hardware(self.root)

    def signal(self, text: str, number: signal.Signals) -> None:
        """Send a signal to all programs but shells whose command line contains a text."""
        for process in self._programs(text):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def rewrite_output(self, text: str, change: Callable[[bytes], bytes]) -> None:
        """Change each piece of the output of commands that contain a text."""
        self._change_output = lambda command, data: change(data) if text in command else data

    def when_running(self, text: str, action: Callable[[], object], after: float = 0.0) -> None:
        """Do something once, after a program whose command line contains a text has started.

        Args:
            text: What to look for.
            action: What to do, such as `unplug`.
            after: Seconds between the start and the action.
        """
        self.when(lambda: bool(self._programs(text)), action, after)

    def when(
        self, is_so: Callable[[], bool], action: Callable[[], object], after: float = 0.0
    ) -> None:
        """Do something once, after something has become so.

        Args:
            is_so: Whether it is so.
            action: What to do.
            after: Seconds between the two.
        """

        def wait() -> None:
            while not self._giving_up.wait(_POLL_S):
                if is_so():
                    if not self._giving_up.wait(after):
                        action()
                    return

        self._in_thread(wait)

    def when_printed(self, count: int, action: Callable[[], object]) -> None:
        """Do something once, when commands have printed ``count`` bytes; the rest is lost."""
        left = count

        def change(command: str, data: bytes) -> bytes:
            nonlocal left
            passed = data[:left]
            if 0 < left <= len(data):
                self._in_thread(action)
            left -= len(passed)
            return passed

        self._change_output = change

    def print_again(self) -> None:
        """Undo `when_printed` and `rewrite_output`."""
        self._change_output = lambda command, data: data

    def restore(self) -> None:
        """End all faults, kill what runs and empty /data/local/tmp."""
        self._settle()
        self.print_again()
        self.thaw()
        self.free_bytes = None
        self.cool_down()
        self._properties = dict(root.PROPERTIES)
        root.write_properties(self.root, self._properties)
        if self._apps is not None:
            self._apps.restore()
        for process in self._machine.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.root / "data/local/tmp")
        (self.root / "data/local/tmp").mkdir()
        self.plug()
        self.authorize()

    def _settle(self) -> None:
        """Stop waiting in all `when_...`."""
        self._giving_up.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._giving_up.clear()

    def _programs(self, text: str) -> list[int]:
        return [
            number
            for number, words in self._machine.processes().items()
            # Neither a shell nor what is about to become one: `chroot ... /system/bin/sh -c ...`.
            if text in words and "/system/bin/sh " not in words
        ]

    def _in_thread(self, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _boot(self) -> None:
        (self.root / "etc/boot_id").write_text(f"{uuid.uuid4()}\n")
        self._machine.switch_on()
        self._do(self._daemon.listen())

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _service(self, name: str) -> Service | None:
        kind, _, command = name.partition(":")
        if kind == "sync":
            return lambda stream: sync.serve(stream, self._storage)
        if kind in ("exec", "shell"):
            return lambda stream: shell.serve_raw(stream, self._machine, command, self._output)
        if kind.startswith("shell,v2"):
            return lambda stream: shell.serve_packets(stream, self._machine, command, self._output)
        return None

    def _output(self, command: str, data: bytes) -> bytes:
        return self._change_output(command, data)
