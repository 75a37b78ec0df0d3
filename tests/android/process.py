"""A process of the app: a JVM whose "/" is that of a phone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tests.android.unpacked import JSON_JAR, Unpacked, doubles, shims

# What a process needs of this machine, seen in its own mounts only: $1 is the phone's "/", $2 the
# process's name, $3 folders that it may not see, the rest the command. /proc is new, since the
# phone's shows another processor.
_ENTER = r"""
set -e
root=$1 name=$2 hidden=$3
shift 3
for folder in $hidden; do
    mount -t tmpfs tmpfs "$root/$folder"
done
mount --rbind / "$root/mnt/host"
for folder in usr lib lib64 etc/java-17-openjdk; do
    if [ -d "/$folder" ]; then
        mkdir -p "$root/$folder"
        mount --rbind "/$folder" "$root/$folder"
    fi
done
for device in null zero random urandom; do
    [ -s "$root/dev/$device" ] || mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc proc "$root/proc"
exec chroot "$root" /usr/bin/bash -c 'exec -a "$0" "$@"' "$name" "$@"
"""

#: A new user, with new mounts and processes, for a process without a phone around it.
ALONE = ("unshare", "-Urmpf", "--kill-child")

# Quick to start, and small; the C code does the work.
_JVM = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Xmx512m",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Djava.awt.headless=true",
)

_SECONDS_TO_END = 5.0

_MAIN = "dev.edgeship.doubles.Main"


class AppError(Exception):
    """What the app threw at whoever called it.

    Attributes:
        kind: The class of the exception in Java.
        message: Its message.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class DiedError(Exception):
    """The process has ended before it answered."""


def make_root(folder: Path, package: str) -> None:
    """Make the folders of a phone that a process of an app needs."""
    for name in ("data/local/tmp", f"data/user/0/{package}", "proc", "sys", "dev", "mnt/host"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("null", "zero", "random", "urandom"):
        (folder / "dev" / name).touch()


class AppProcess:
    """A process of the app, from construction until its end or `close`.

    Args:
        app: The app.
        root: The folder that is "/" for it.
        litert: A folder with libLiteRt.so; None for none but the APK's own.
        name: The name of the process; it gets the providers that belong to it.
        enter: The beginning of a command line that makes or joins namespaces.
        settings: What `Phone.java` reads: "locked", "sdk" and so on.
        hidden: Folders of the phone that are empty for it.
    """

    def __init__(
        self,
        app: Unpacked,
        root: Path,
        *,
        litert: Path | None,
        name: str,
        enter: Sequence[str] = ALONE,
        settings: Mapping[str, object] | None = None,
        hidden: Sequence[str] = (),
    ) -> None:
        java = [*self._java(app, name, settings or {}), _MAIN]
        providers = [
            f"{each.authority}={each.name}"
            for each in app.components
            if each.kind == "provider" and each.process == name
        ]
        self._process = subprocess.Popen(  # noqa: S603  all words are ours
            [
                *(*enter, "/bin/sh", "-c", _ENTER, "sh", str(root), name, " ".join(hidden)),
                *(*java, *providers),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(app, litert),
        )
        self.log = ""
        self._answers: dict[int, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._next = 0
        self._ended = False
        self._readers = [
            threading.Thread(target=self._read_answers, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> AppProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, do: str, *, seconds: float = 60.0, **details: Any) -> Any:
        """Have the process do something, and return what comes of it.

        Raises:
            AppError: The app threw an exception.
            DiedError: The process ended.
        """
        with self._changed:
            number, self._next = self._next, self._next + 1
            line = json.dumps({"id": number, "do": do, **details}) + "\n"
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise DiedError(self.log) from error
            done = self._changed.wait_for(lambda: number in self._answers or self._ended, seconds)
            assert done, f"no answer to {do} within {seconds} s; its log: {self.log}"
            answer = self._answers.pop(number, None)
        if answer is None:
            raise DiedError(self.log)
        if "error" in answer:
            raise AppError(answer["error"], str(answer.get("message")))
        return answer["value"]

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float = 60.0) -> int:
        """Wait for its end and return its exit code, -N after signal N."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join()
        return code

    def kill(self) -> None:
        """Kill it, as the system does."""
        # Below it is the JVM; what is around that joins its namespaces, and ends with it.
        for number in _descendants(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        # nsenter stops together with what it runs, and must go on to see its end.
        self._process.send_signal(signal.SIGCONT)
        self.wait()

    def close(self) -> None:
        """End it, if it still runs."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # It ends with its input.
        try:
            self.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.kill()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _java(self, app: Unpacked, name: str, settings: Mapping[str, object]) -> list[str]:
        java = Path(str(shutil.which("java"))).resolve()
        known = {
            "app_version": app.version,
            "app_version_code": app.version_code,
            "resources": inside(app.folder / "resources.tsv"),
            "assets": inside(app.folder / "assets"),
            "apk": inside(app.apk),
            "elsewhere": ",".join(
                each.name
                for each in app.components
                if each.kind == "activity" and each.process != name
            ),
            **settings,
        }
        classes = ":".join(
            inside(place) for place in (app.folder / "classes.jar", doubles(), JSON_JAR)
        )
        return [
            inside(java),
            *_JVM,
            f"-Djava.library.path={inside(app.folder / 'lib')}",
            *(f"-Dphone.{name}={_text(value)}" for name, value in known.items()),
            "-cp",
            classes,
        ]

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._changed:
                self._answers[answer["id"]] = answer
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_log(self) -> None:
        pipe: IO[bytes] | None = self._process.stderr
        assert pipe is not None
        for line in pipe:
            self.log += line.decode(errors="replace")


def inside(path: Path) -> str:
    """Return where a file of this machine lies for a process of the app."""
    return f"/mnt/host{path.resolve()}"


def _descendants(number: int) -> list[int]:
    try:
        text = Path(f"/proc/{number}/task/{number}/children").read_text()
    except FileNotFoundError:
        return []
    children = [int(word) for word in text.split()]
    return [each for child in children for each in (*_descendants(child), child)]


def _environment(app: Unpacked, litert: Path | None) -> dict[str, str]:
    places = [shims(), app.folder / "lib", *([litert] if litert is not None else [])]
    return {
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
        "LD_LIBRARY_PATH": ":".join(inside(place) for place in places),
        "LC_ALL": "C.UTF-8",
        "HOME": "/",
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
