"""Apps on the virtual phone: what `pm`, `am` and `content` do, with faults to switch on.

An app's processes are JVMs in the phone's namespaces (`tests/android/process.py`), so they see its
files, are listed among its processes and die with it. They run on this computer's processor.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.android.process import AppError, AppProcess, DiedError, make_root
from tests.android.unpacked import Component, Unpacked, unpack
from tests.phone.exits import Exits
from tests.phone.machine import Machine
from tests.phone.sync import Storage
from tests.phone.system import Caller, System

_APK_AT = "data/app"
_PIPES = "dev/socket"


class Apps:
    """The apps of a phone.

    Args:
        root: The phone's "/".
        machine: The phone's machine.
        storage: What it has for files.
        res: The folder res/ of the app that may be installed.
        litert: A folder with a libLiteRt.so that all apps find; None for none.

    Attributes:
        refusal: What `pm install` answers instead of installing, such as
            "INSTALL_FAILED_USER_RESTRICTED: Install canceled by user"; "" for nothing.
        settings: What `Phone.java` reads, for processes that are started from now on: "locked",
            "covered", "thermal_status", "sdk".
        exits: How processes have ended.
        installs: How often an app was installed or updated by `pm`.
    """

    def __init__(
        self, root: Path, machine: Machine, storage: Storage, res: Path, litert: Path | None
    ) -> None:
        self._root = root
        self._machine = machine
        self._storage = storage
        self._res = res
        self._litert = litert
        self.refusal = ""
        self.settings: dict[str, object] = {}
        self.installs = 0
        self.exits = Exits(root / "system/etc/dumpsys/activity")
        self._installed: dict[str, tuple[Unpacked, str]] = {}
        self._processes: dict[str, AppProcess] = {}
        self._lock = threading.RLock()
        self._system = System(root, {"pm": self._pm, "am": self._am, "content": self._content})

    def close(self) -> None:
        """End all processes and answer no more."""
        self.stop()
        self._system.close()

    def restore(self) -> None:
        """End all faults, processes and apps."""
        self.refusal = ""
        self.settings.clear()
        self.installs = 0
        self.stop()
        for package in list(self._installed):
            self._remove(package)
        self.exits.forget()

    def stop(self) -> None:
        """End all processes."""
        with self._lock:
            for process in self._processes.values():
                process.kill()
                process.close()
            self._processes.clear()

    def processes(self) -> list[str]:
        """Return the names of the app's processes that run."""
        with self._lock:
            return sorted(name for name, each in self._processes.items() if each.alive())

    def kill(self, name: str, why: str = "LOW_MEMORY") -> None:
        """Kill a process of an app, as the system does for a reason."""
        with self._lock:
            self.exits.expect(name, why)
            self._processes[name].kill()

    def uninstall(self, package: str) -> None:
        """Uninstall an app, as its user does."""
        self._remove(package)

    def installed(self) -> dict[str, str]:
        """Return name -> version of the apps."""
        return {package: app.version for package, (app, _) in self._installed.items()}

    def data(self, package: str) -> Path:
        """Return where an app's own files lie on this computer."""
        return self._root / "data/user/0" / package

    def ask(self, name: str, do: str, **details: object) -> object:
        """Have a process of an app do something; see `AppProcess.ask`."""
        return self._processes[name].ask(do, **details)

    def log(self, name: str) -> str:
        """Return what a process has written to the log."""
        return self._processes[name].log

    # --- pm

    def _pm(self, caller: Caller, words: list[str]) -> int:
        verb, rest = (words[0], words[1:]) if words else ("", [])
        if verb == "path":
            return self._path(caller, rest[-1])
        if verb == "install":
            return self._install(caller, [word for word in rest if not word.startswith("-")])
        if verb == "uninstall":
            return self._uninstall(caller, rest[-1])
        if words[:2] == ["list", "packages"]:
            for package in sorted(self._installed):
                caller.out(f"package:{package}\n")
            return 0
        caller.err(f"Unknown command: {verb}\n")
        return 255

    def _path(self, caller: Caller, package: str) -> int:
        if package not in self._installed:
            return 1
        caller.out(f"package:{self._installed[package][1]}\n")
        return 0

    def _install(self, caller: Caller, paths: list[str]) -> int:
        source = self._storage.path(paths[0])
        if not source.is_file():
            caller.err(
                f"Error: Unable to open file: {paths[0]}\n"
                "Consider using a file under /data/local/tmp/\n"
            )
            return 1
        why = self.refusal or self._why_not(source)
        if why:
            caller.out(f"Failure [{why}]\n")
            return 1
        self.install(source)
        self.installs += 1
        caller.out("Success\n")
        return 0

    def _why_not(self, apk: Path) -> str:
        free = self._storage.free_bytes
        if free is not None and free < apk.stat().st_size:
            return "INSTALL_FAILED_INSUFFICIENT_STORAGE: Failed to override installation location"
        if not zipfile.is_zipfile(apk):
            return f"INSTALL_PARSE_FAILED_NOT_APK: Failed to parse {apk.name}"
        app = unpack(apk, self._res)
        installed = self._installed.get(app.package)
        if installed is not None and installed[0].version_code > app.version_code:
            return (
                "INSTALL_FAILED_VERSION_DOWNGRADE: Downgrade detected: Update version code "
                f"{app.version_code} is older than current {installed[0].version_code}"
            )
        return ""

    def install(self, apk: Path) -> None:
        """Install an app from a file of this computer; its data stays if it was there before."""
        app = unpack(apk, self._res)
        with self._lock:
            if app.package in self._installed:
                self._force_stop(app.package)
                shutil.rmtree(self._root / _APK_AT)
            token = f"~~{secrets.token_hex(8)}==/{app.package}-{secrets.token_hex(8)}=="
            path = self._root / _APK_AT / token / "base.apk"
            path.parent.mkdir(parents=True)
            shutil.copy(apk, path)
            path.chmod(0o644)
            make_root(self._root, app.package)
            self._installed[app.package] = (app, f"/{_APK_AT}/{token}/base.apk")

    def _uninstall(self, caller: Caller, package: str) -> int:
        if package not in self._installed:
            caller.out("Failure [DELETE_FAILED_INTERNAL_ERROR]\n")
            return 1
        self._remove(package)
        caller.out("Success\n")
        return 0

    def _remove(self, package: str) -> None:
        with self._lock:
            self._force_stop(package)
            del self._installed[package]
            shutil.rmtree(self._root / _APK_AT)
            shutil.rmtree(self._root / "data/user/0" / package)

    # --- am

    def _am(self, caller: Caller, words: list[str]) -> int:
        if words[:1] == ["force-stop"]:
            self._force_stop(words[-1])
            return 0
        if words[:1] == ["start"]:
            return self._start(caller, words[1:])
        caller.err(f"Unknown command: {' '.join(words[:1])}\n")
        return 255

    def _force_stop(self, package: str) -> None:
        with self._lock:
            for name in [each for each in self._processes if each.split(":")[0] == package]:
                process = self._processes.pop(name)
                self.exits.expect(name, "USER REQUESTED")
                process.kill()
                process.close()

    def _start(self, caller: Caller, words: list[str]) -> int:
        name, extras = _intent(words)
        package, _, short = name.partition("/")
        caller.out(f"Starting: Intent {{ cmp={name} (has extras) }}\n")
        app = self._installed.get(package, (None, ""))[0]
        component = app.component(package + short if short[:1] == "." else short) if app else None
        if app is None or component is None or component.kind != "activity":
            full = f"{package}/{package}{short}" if short[:1] == "." else name
            caller.out(f"Error type 3\nError: Activity class {{{full}}} does not exist.\n")
            return 1
        if not component.exported:
            caller.err(
                "Exception occurred while executing 'start':\njava.lang.SecurityException: "
                f"Permission Denial: starting Intent {{ cmp={name} }} not exported\n"
            )
            return 255
        return self._launch(caller, app, component, extras)

    def _launch(
        self, caller: Caller, app: Unpacked, component: Component, extras: dict[str, object]
    ) -> int:
        hidden = _unreadable(self._root / "data/local/tmp", self._root)
        with self._lock:
            before = self._processes.get(component.process)
            process = self._process(app, component.process, hidden)
        try:
            process.ask("start", activity=component.name, extras=extras)
        except (AppError, DiedError):
            # What a phone prints of an app that crashes as it starts.
            caller.out("Status: timeout\nComplete\n")
            return 0
        if process is before:
            caller.err(
                "Warning: Activity not started, intent has been delivered to currently running "
                "top-most instance.\n"
            )
        caller.out(
            f"Status: ok\nLaunchState: COLD\nActivity: {app.package}/{component.name}\n"
            "TotalTime: 273\nWaitTime: 280\nComplete\n"
        )
        return 0

    def _process(self, app: Unpacked, name: str, hidden: Sequence[str] = ()) -> AppProcess:
        """Return a process of an app, which is started if it does not run."""
        with self._lock:
            process = self._processes.get(name)
            if process is not None:
                if process.alive():
                    return process
                process.close()
            process = AppProcess(
                app,
                self._root,
                litert=self._litert,
                name=name,
                enter=(*self._machine.enter(), "unshare", "-m"),
                settings=self.settings,
                hidden=hidden,
            )
            self._processes[name] = process
            self.exits.watch(app.package, name, process)
            return process

    # --- content

    def _content(self, caller: Caller, words: list[str]) -> int:
        verb, uri = words[0], words[words.index("--uri") + 1]
        authority = uri.removeprefix("content://").split("/")[0]
        try:
            app, provider = self._provider(authority)
            process = self._process(app, provider.process)
            if verb == "read":
                self._read(caller, process, uri)
            elif verb == "query":
                self._query(caller, process, uri)
            elif verb == "delete":
                process.ask("delete", uri=uri)
            else:
                caller.err(f"[ERROR] Unsupported operation: {verb}\n")
        except AppError as error:
            caller.err(
                f"Error while accessing provider:{authority}\n{error}\n"
                "\tat android.database.DatabaseUtils.readExceptionFromParcel(DatabaseUtils.java)\n"
            )
        except DiedError:
            caller.err(
                f"Error while accessing provider:{authority}\nandroid.os.DeadObjectException\n"
            )
        return 0  # Whatever came of it, as on a phone.

    def _provider(self, authority: str) -> tuple[Unpacked, Component]:
        for app, _ in self._installed.values():
            provider = app.provider(authority)
            if provider is not None:
                return app, provider
        raise AppError("java.lang.IllegalStateException", f"Could not find provider: {authority}")

    def _query(self, caller: Caller, process: AppProcess, uri: str) -> None:
        rows = process.ask("query", uri=uri)
        if not rows:
            caller.out("No result found.\n")
            return
        for number, row in enumerate(rows):
            cells = ", ".join(f"{name}={value}" for name, value in row)
            caller.out(f"Row: {number} {cells}\n")

    def _read(self, caller: Caller, process: AppProcess, uri: str) -> None:
        """Copy what the app gives to the caller, until its end or the caller's."""
        name = f"{_PIPES}/pipe-{secrets.token_hex(8)}"
        os.mkfifo(self._root / name)
        done = threading.Event()
        outcome: list[Exception] = []

        def ask() -> None:
            try:
                process.ask("read", uri=uri, to=f"/{name}", seconds=600.0)
            except (AppError, DiedError) as error:
                outcome.append(error)
            done.set()

        asking = threading.Thread(target=ask, daemon=True)
        pipe = os.open(self._root / name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            asking.start()
            _copy(pipe, caller, done.is_set)
        finally:
            os.close(pipe)
            (self._root / name).unlink()
        # An app that dies has closed what it gave: to its reader that is an end.
        if outcome and isinstance(outcome[0], AppError):
            raise outcome[0]


def _copy(pipe: int, caller: Caller, is_done: Callable[[], bool]) -> None:
    while not caller.is_gone():
        ended = is_done()
        with contextlib.suppress(BlockingIOError):
            while data := os.read(pipe, 1 << 16):
                if not caller.out(data):
                    return
        if ended:
            return
        threading.Event().wait(0.01)


def _intent(words: list[str]) -> tuple[str, dict[str, object]]:
    """Return the component and the extras that `am start` is given."""
    name = ""
    extras: dict[str, object] = {}
    kinds: dict[str, Callable[[str], object]] = {
        "--es": str,
        "--ei": int,
        "--ez": lambda text: text == "true",
    }
    rest = iter(words)
    for word in rest:
        if word == "-n":
            name = next(rest)
        elif word in kinds:
            key = next(rest)
            extras[key] = kinds[word](next(rest))
        else:
            assert word == "-W", f"am start does not know {word}"
    return name, extras


def _unreadable(folder: Path, root: Path) -> list[str]:
    """Return the folders in one that others than their owner may not look into."""
    return [
        str(path.relative_to(root))
        for path in folder.iterdir()
        if path.is_dir() and path.stat().st_mode & 0o005 != 0o005
    ]
