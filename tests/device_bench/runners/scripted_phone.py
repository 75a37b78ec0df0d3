"""A phone of a few lines: it has the app's commands, and answers otherwise where a test says so."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.processes.base import Completed

PACKAGE = "dev.edgeship.bench"
BASE_APK = f"/data/app/~~a1B2==/{PACKAGE}-c3D4==/base.apk"

APP = {
    "event": "app",
    "version": "0.2.0",
    "sdk": 35,
    "abi": "arm64-v8a",
    "cores": "0-7",
    "thermal_status": 0,
    "thermal_headroom": 0.4,
    "sustained_performance": False,
    "importance": 100,
}
INSIDE = (
    {"event": "init", "ns": 70},
    {"event": "first", "ns": 60},
    {"event": "warmup", "ns": 50},
    {"event": "run", "ns": 40, "mhz": 1800, "capped": False},
    {"event": "end", "peak_rss_bytes": 99, "fully_accelerated": True, "outputs": [2, 3]},
)
APP_END = {"event": "app_end", "thermal_status": 1, "thermal_headroom": 0.5}

Answer = Completed | BaseException | Callable[[list[str]], Completed]

OK = Completed(0, "", "")


def lines(*events: object) -> str:
    """Return events as the app writes them."""
    return "".join(json.dumps(event) + "\n" for event in events)


REPORT = lines(APP, *INSIDE, APP_END)
OUTPUTS = b"abcde"


def apk(path: Path, name: str = "one", **libraries: bytes) -> Path:
    """Write something that is an APK as far as the host looks at it.

    Args:
        path: The file.
        name: Makes its content differ from others.
        **libraries: ABI, with _ for -, -> the LiteRT library for it.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("AndroidManifest.xml", name)
        for abi, data in libraries.items():
            packed.writestr(f"lib/{abi.replace('v8a', '-v8a')}/libLiteRt.so", data)
    return path


class ScriptedPhone:
    """A device that knows the commands of Android which the app runner uses.

    Attributes:
        files: Path -> content of what was pushed or written.
        installed: Content of the app that is installed, or None.
        report: What the app reports of each run.
        answers: Beginning of a command -> what happens instead of what it does.
        commands: All commands that came, without those of the workspace.
        there: IDs of the runs on the phone.
        running: Whether a run may still go on.
    """

    unit = "ns"
    base = "/data/local/tmp"

    def __init__(self) -> None:
        self.selector = "adb:FAKE"
        self.abi = "arm64-v8a"
        self.level = "35"
        self.files: dict[str, bytes] = {}
        self.installed: bytes | None = None
        self.report = REPORT
        self.outputs = OUTPUTS
        self.answers: dict[str, Answer] = {}
        self.commands: list[str] = []
        self.there: list[str] = []
        self.running = False

    def did(self, beginning: str) -> list[str]:
        """Return the commands with this beginning."""
        return [command for command in self.commands if command.startswith(beginning)]

    def push(self, local: Path, remote: str) -> None:
        self.files[remote] = local.read_bytes()

    def pull(self, remote: str, local: Path) -> None:
        local.write_bytes(self.files[remote])

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        words = list(argv)
        folder = ""
        if words[:2] == ["sh", "-c"] and 'exec "$@"' in words[2]:  # Workspace.run
            folder, words = words[4], words[5:]
        if words[:2] == ["sh", "-c"] and "content read" not in words[2]:
            return self._script(words[2], words[4:])
        if words[0] == "sh":
            words = ["content", "read", "--uri", words[4], ">", f"{folder}/{words[5]}"]
        command = " ".join(words)
        self.commands.append(command)
        for beginning, answer in self.answers.items():
            if command.startswith(beginning):
                if isinstance(answer, BaseException):
                    raise answer
                return answer if isinstance(answer, Completed) else answer(words)
        return self.does(words)

    def does(self, words: list[str]) -> Completed:
        """Do what Android does."""
        match words:
            case ["pm", "path", _]:
                there = self.installed is not None
                return Completed(0, f"package:{BASE_APK}\n", "") if there else Completed(1, "", "")
            case ["sha256sum", path]:
                digest = hashlib.sha256(self.installed or b"").hexdigest()
                return Completed(0, f"{digest}  {path}\n", "")
            case ["pm", "install", "-r", path]:
                self.installed = self.files[path]
                return Completed(0, "Success\n", "")
            case ["pm", "uninstall", _]:
                self.installed = None
                return Completed(0, "Success\n", "")
            case ["am", "force-stop", _]:
                self.running = False
                return OK
            case ["am", "start", *rest]:
                self.there.append(rest[rest.index("run") + 1])
                self.running = True
                return Completed(0, "Starting: Intent { cmp=x }\nStatus: ok\nComplete\n", "")
            case ["content", "read", "--uri", uri, *to]:
                if uri.endswith("/report"):
                    self.running = False
                    return Completed(0, self.report, "")
                self.files[to[1]] = self.outputs
                return OK
            case ["content", "delete", "--uri", uri]:
                assert not self.running, "a run that goes on is not removed"
                self.there = [run for run in self.there if not uri.endswith(f"/{run}")]
                return OK
            case ["content", "query", "--uri", _]:
                rows = [
                    f"Row: {number} id={run}, begun=1790000000000, state=finished, model=net.tflite"
                    for number, run in enumerate(self.there)
                ]
                return Completed(0, "\n".join(rows or ["No result found."]) + "\n", "")
            case ["getprop", "ro.build.version.sdk"]:
                return Completed(0, f"{self.level}\n", "")
            case ["chmod", *_] | ["dumpsys", *_] | ["true"]:
                return OK
        raise AssertionError(f"the phone has no command {words}")

    def _script(self, script: str, arguments: list[str]) -> Completed:
        """Answer the scripts of the workspace, and that which reads the properties."""
        if "ro.product.cpu.abi" in script:
            kernel = "@@ kernel\nLinux\n6.1\naarch64\n"
            return Completed(0, f"{kernel}@@ ro.product.cpu.abi\n{self.abi}\n", "")
        if "rm -rf" in script:
            for path in arguments:
                self.files = {n: d for n, d in self.files.items() if not n.startswith(path)}
        return OK
