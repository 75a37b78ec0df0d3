"""The runner "app" on a phone of a few lines: what it asks of it, and its faults in words."""

from __future__ import annotations

import hashlib
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship.device_bench.app import placing
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed, DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners import find as runners
from _edgeship.device_bench.runners.app_refusals import INSTALLING
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.device_bench.runners.base import Job
from _edgeship.errors import DeviceError, InputError
from tests.device_bench.runners.scripted_phone import (
    APP,
    APP_END,
    INSIDE,
    OUTPUTS,
    PACKAGE,
    REPORT,
    ScriptedPhone,
    apk,
    lines,
)

SETTINGS = MeasurementSettings(runner="app", threads=2, runs=7, warmup_runs=1, timeout=60)


class At:
    """A runner with its phone and workspace."""

    def __init__(self, phone: ScriptedPhone, workspace: Workspace, app: Path) -> None:
        self.phone = phone
        self.workspace = workspace
        self.app = app
        self.runner = AppRunner(app)
        self.job = Job(f"{workspace.path}/net.tflite", SETTINGS, want_outputs=True)

    def prepare(self) -> None:
        self.runner.prepare(self.workspace)

    def run(self):
        self.prepare()
        return self.runner.run(self.workspace, self.job)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    phone = ScriptedPhone()
    with Workspace(phone) as workspace:
        yield At(phone, workspace, apk(tmp_path / "app's.apk", arm64v8a=b"a library"))
    assert phone.files == {}


def test_it_is_installed_where_there_is_none_and_run(at: At) -> None:
    outcome = at.run()
    assert at.phone.installed == at.app.read_bytes()
    assert outcome.outputs == (b"ab", b"cde")
    process = outcome.process
    assert (process.runner, process.runs) == ("app", (40,))
    assert process.outputs_sha256 == hashlib.sha256(OUTPUTS).hexdigest()
    digest = hashlib.sha256(b"a library").hexdigest()
    assert process.runtime == f"LiteRT {digest[:12]}, app 0.2.0"
    assert process.app is not None
    assert (process.app.thermal_status, process.app.thermal_status_after) == (0, 1)
    # Nothing of it stays on the phone.
    assert at.phone.there == []


def test_a_library_that_is_not_in_the_apk_has_no_name(at: At, tmp_path: Path) -> None:
    at.runner = AppRunner(apk(tmp_path / "other.apk", x86_64=b"for others"))
    assert at.run().process.runtime == "LiteRT outside of the APK, app 0.2.0"
    at.phone.abi = "x86_64"
    at.phone.report = lines({**APP, "abi": "x86_64"}, *INSIDE, APP_END)
    digest = hashlib.sha256(b"for others").hexdigest()
    assert at.run().process.runtime == f"LiteRT {digest[:12]}, app 0.2.0"


def test_what_is_asked_of_the_phone(at: At) -> None:
    at.run()
    path = at.workspace.path
    [start] = at.phone.did("am start")
    words = shlex.split(start)
    run = words[words.index("run") + 1]
    assert words == [
        *("am", "start", "-W", "-n", f"{PACKAGE}/.RunActivity"),
        *("--es", "run", run, "--es", "order", f"{path}/order"),
    ]
    uri = f"content://{PACKAGE}.runs"
    # The folder is open, the app idle and its provider awake before the first run starts.
    assert at.phone.commands[-7:] == [
        f"am force-stop {PACKAGE}",
        f"chmod 755 {path}",
        f"content query --uri {uri}",
        start,
        f"content read --uri {uri}/{run}/report",
        f"content read --uri {uri}/{run}/outputs > {path}/app-outputs",
        f"content delete --uri {uri}/{run}",
    ]


def test_the_order_says_what_to_run(at: At) -> None:
    at.prepare()
    at.job = Job(
        "/data/local/tmp/x/net.tflite",
        SETTINGS.model_copy(update={"cores": (4, 7), "accelerator": "gpu"}),
        inputs=("/data/local/tmp/x/in",),
        want_profile=True,
    )
    outcome = at.runner.run(at.workspace, at.job)
    assert at.phone.files[f"{at.workspace.path}/order"].decode().splitlines() == [
        *("--model", "/data/local/tmp/x/net.tflite", "--input", "/data/local/tmp/x/in"),
        *("--cores", "4,7", "--profile", "--accelerator", "gpu", "--threads", "2"),
        *("--warmup-runs", "1", "--warmup-ns", "200000000"),
        *("--runs", "7", "--run-ns", "500000000", "--max-runs", "10000", "--frequency"),
    ]
    assert outcome.outputs is None


def test_every_run_has_an_id_of_its_own(at: At) -> None:
    at.run()
    at.runner.run(at.workspace, at.job)
    first, second = at.phone.did("am start")
    assert first != second


def test_the_app_that_is_there_is_kept_and_another_is_replaced(at: At) -> None:
    at.phone.installed = at.app.read_bytes()
    at.prepare()
    assert at.phone.did("pm install") == []
    at.phone.installed = b"an older one"
    at.prepare()
    assert len(at.phone.did("pm install -r")) == 1
    assert at.phone.installed == at.app.read_bytes()


def test_at_the_end_it_is_stopped_and_stays_unless_asked_otherwise(at: At) -> None:
    at.run()
    at.runner.leave(at.workspace)
    assert at.phone.commands[-1] == f"am force-stop {PACKAGE}"
    assert at.phone.installed is not None
    at.runner = AppRunner(at.app, uninstall=True)
    at.prepare()
    at.runner.leave(at.workspace)
    assert at.phone.installed is None


def test_an_app_that_the_phone_keeps_is_told(at: At) -> None:
    at.runner = AppRunner(at.app, uninstall=True)
    at.prepare()
    at.phone.answers["pm uninstall"] = Completed(1, "Failure [DELETE_FAILED_DEVICE_POLICY]\n", "")
    with pytest.raises(DeviceError, match="does not uninstall") as caught:
        at.runner.leave(at.workspace)
    assert "DEVICE_POLICY" in caught.value.why
    # Who has taken it away meanwhile has done what was wanted.
    at.phone.installed = None
    at.runner.leave(at.workspace)


# What a phone is.


def test_only_phones_have_apps(tmp_path: Path) -> None:
    device = LocalDevice()
    device.base = str(tmp_path)
    with Workspace(device) as workspace:
        runner = AppRunner(apk(tmp_path / "a.apk"), uninstall=True)
        with pytest.raises(DeviceError, match="needs a phone") as caught:
            runner.prepare(workspace)
        assert "--device adb" in caught.value.todo
        runner.leave(workspace)  # there is nothing to leave, and no pm to ask


def test_another_processor(at: At) -> None:
    at.phone.abi = "armeabi-v7a"
    with pytest.raises(DeviceError, match="ABI armeabi-v7a") as caught:
        at.prepare()
    assert caught.value.why == "It is built for arm64-v8a and x86_64."
    assert at.phone.installed is None


@pytest.mark.parametrize("level", ["25", "", "new\x1b[2J", "-1"])
def test_an_android_that_is_too_old(at: At, level: str) -> None:
    at.phone.level = level
    with pytest.raises(DeviceError, match="this phone's Android") as caught:
        at.prepare()
    assert "needs 26" in caught.value.why
    assert "\x1b" not in str(caught.value)
    assert "--runner native" in caught.value.todo


# Installing.


@pytest.mark.parametrize("code", sorted(INSTALLING))
def test_each_refusal_to_install_has_a_sentence_and_a_remedy(at: At, code: str) -> None:
    why, todo = INSTALLING[code]
    at.phone.answers["pm install"] = Completed(1, f"Failure [{code}: in \x1b words]\n", "")
    with pytest.raises(DeviceError, match="does not install the app") as caught:
        at.prepare()
    error = caught.value
    assert error.why == f"{why} It answers {code}: in words."
    assert error.todo == todo
    assert error.exit_code == 5
    assert isinstance(error, DeviceFull) == (code == "INSTALL_FAILED_INSUFFICIENT_STORAGE")


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (Completed(1, "", "Failure [INSTALL_FAILED_SOMETHING_NEW]"), "refused it. It answers"),
        (Completed(1, "Failure [INSTALL_PARSE_FAILED_BAD_MANIFEST]", ""), "cannot read the app"),
        (Completed(255, "", "Error: Unable to open file: /x\n"), "Unable to open file"),
        (Completed(0, "", ""), "It said nothing"),
        (Completed(0, "almost Success\n", ""), "almost Success"),
    ],
)
def test_other_words_of_pm_are_quoted(at: At, done: Completed, why: str) -> None:
    at.phone.answers["pm install"] = done
    with pytest.raises(DeviceError, match="does not install the app") as caught:
        at.prepare()
    assert why in caught.value.why
    assert caught.value.todo


def test_success_alone_is_not_believed(at: At) -> None:
    at.phone.answers["pm install"] = Completed(0, "Success\n", "")
    with pytest.raises(DeviceError, match="said that it installed it") as caught:
        at.prepare()
    assert "none of that name" in caught.value.why
    at.phone.installed = b"another"
    with pytest.raises(DeviceError, match="said that it installed it") as caught:
        at.prepare()
    assert "another one" in caught.value.why


def test_a_question_that_nobody_answers(at: At) -> None:
    at.phone.answers["pm install"] = DeviceTimeout("A program did not end within 180 s.")
    with pytest.raises(DeviceTimeout, match="did not install the app within 180 s") as caught:
        at.prepare()
    assert "answer its question" in caught.value.todo


@pytest.mark.parametrize("program", ["pm", "am start", "content query", "content read"])
def test_a_phone_without_androids_programs(at: At, program: str) -> None:
    at.phone.answers[program] = Completed(127, "", f"sh: {program}: inaccessible or not found")
    with pytest.raises(DeviceError, match="has no program") as caught:
        at.run()
    assert "not found" in caught.value.why
    assert "Android 8" in caught.value.todo


@pytest.mark.parametrize(
    ("command", "done", "what"),
    [
        ("sha256sum", Completed(1, "", "sha256sum: Permission denied"), "app cannot be read"),
        ("sha256sum", Completed(0, "nonsense\n", ""), "app cannot be read"),
        ("chmod", Completed(1, "", "chmod: not permitted"), "cannot be opened for the app"),
        ("am force-stop", Completed(255, "", "cmd: no service activity"), "cannot be stopped"),
    ],
)
def test_what_the_phone_refuses_on_the_way(at: At, command, done, what) -> None:
    at.phone.installed = b"another"
    at.phone.answers[command] = done
    with pytest.raises(DeviceError, match=what) as caught:
        at.prepare()
    assert last(done) in caught.value.why


def last(done: Completed) -> str:
    return (done.err or done.out).strip()


# Starting.


@pytest.mark.parametrize(
    ("said", "why", "todo"),
    [
        (
            f"Error type 3\nError: Activity class {{{PACKAGE}/.RunActivity}} does not exist.\n",
            "does not exist",
            "adb uninstall",
        ),
        (
            "Exception occurred while executing 'start':\n"
            "java.lang.SecurityException: Permission Denial: starting\n\tat a.B(C.java:1)",
            "Permission Denial",
            "Security settings",
        ),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_am_says_why_it_does_not_start_the_app(at: At, said: str, why: str, todo: str, code: int):
    at.phone.answers["am start"] = Completed(code, "Starting: Intent { cmp=x }\n", said)
    with pytest.raises(DeviceError, match="does not start the app") as caught:
        at.run()
    assert why in caught.value.why
    assert "C.java" not in caught.value.why
    assert todo in caught.value.todo
    assert at.phone.commands[-2] == f"am force-stop {PACKAGE}"


def test_other_words_of_am_are_quoted_and_warnings_are_none(at: At) -> None:
    at.phone.answers["am start"] = Completed(255, "", "cmd: Can't find service: activity\n")
    with pytest.raises(DeviceError, match="does not start the app") as caught:
        at.run()
    assert "Can't find service" in caught.value.why
    at.phone.answers["am start"] = lambda words: Completed(
        0, f"{at.phone.does(words).out}Warning: its current task was brought to the front\n", ""
    )
    assert at.run().process.runs == (40,)


def test_an_app_that_does_not_appear(at: At) -> None:
    at.phone.answers["am start"] = DeviceTimeout("A program did not end within 30 s.")
    with pytest.raises(DeviceTimeout, match="to its front within 30 s") as caught:
        at.run()
    assert "Unlock the phone" in caught.value.todo
    assert not at.phone.running


def test_a_run_that_never_begins(at: At) -> None:
    at.phone.answers["content read"] = Completed(
        0,
        "",
        f"Error while accessing provider:{PACKAGE}.runs\n"
        "java.io.FileNotFoundException: No run run-1 has begun within 15 s.\n"
        "\tat android.database.DatabaseUtils.readExceptionFromParcel(DatabaseUtils.java:151)\n",
    )
    with pytest.raises(DeviceError, match="does not hand out its results") as caught:
        at.run()
    assert "No run run-1 has begun within 15 s." in caught.value.why
    assert "DatabaseUtils.java" not in caught.value.why
    assert "Unlock the phone" in caught.value.todo
    assert not at.phone.running


def test_an_app_without_its_provider(at: At) -> None:
    at.phone.answers["content query"] = Completed(
        0,
        "",
        f"Error while accessing provider:{PACKAGE}.runs\n"
        f"java.lang.IllegalStateException: Could not find provider: {PACKAGE}.runs\n"
        "\tat com.android.commands.content.Content$Command.execute(Content.java:520)\n",
    )
    with pytest.raises(DeviceError, match="does not hand out its results") as caught:
        at.prepare()
    assert "adb uninstall" in caught.value.todo


# Running.


@pytest.mark.parametrize(
    ("what", "todo"),
    [
        ("This app has no LiteRT library: libLiteRt.so not found.", "app build --litert"),
        ("The screen is locked.", "Unlock the phone"),
        ("The app is not in front.", "close what covers the app"),
        ("The app lost the front.", "close what covers the app"),
        ("write failed: No space left on device", "Make room"),
        ("Another run is going on.", "Wait for it"),
        ("The model cannot be accelerated: LiteRT answers 504.", "--accelerator cpu"),
        ("Something else.", ""),
    ],
)
def test_what_the_app_reports_is_told_with_a_remedy(at: At, what: str, todo: str) -> None:
    at.phone.report = lines(APP, {"event": "error", "what": what})
    with pytest.raises(DeviceError, match="The app did not measure") as caught:
        at.run()
    assert caught.value.why == what
    assert todo in caught.value.todo
    assert (todo == "") == (caught.value.todo == "")
    assert at.phone.there == []


def test_what_the_app_says_is_not_trusted(at: At) -> None:
    at.phone.report = lines({"event": "error", "what": "\x1b[2J" * 1000})
    with pytest.raises(DeviceError) as caught:
        at.run()
    assert "\x1b" not in str(caught.value)
    assert len(caught.value.why) <= 600


@pytest.mark.parametrize("android", [11, 15])
@pytest.mark.parametrize("report", ["", lines(APP), lines(APP, *INSIDE[:3])[:-9]])
def test_an_app_that_is_ended(at: At, report: str, android: int) -> None:
    at.phone.report = report
    record = EXIT_INFO if android > 11 else EXIT_INFO.replace(" reason", "\n reason")
    record = record if android > 11 else record.replace(" subreason", "\n subreason")
    at.phone.answers["dumpsys activity exit-info"] = Completed(0, record, "")
    with pytest.raises(DeviceError, match="was ended while it measured") as caught:
        at.run()
    assert caught.value.why == (
        "Its report breaks off. Android's latest record of its end is APP CRASH(NATIVE)."
    )
    assert "memory" in caught.value.todo
    assert at.phone.there == []


EXIT_INFO = f"""ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)
  package: {PACKAGE}
    Historical Process Exit for uid=10123
        ApplicationExitInfo #0:
          timestamp=2026-03-04 15:43:53.000 pid=9 realUid=10123 packageUid=10123 user=0
          process={PACKAGE}:run reason=5 (APP CRASH(NATIVE)) subreason=0 (UNKNOWN) status=0
        ApplicationExitInfo #1:
          process={PACKAGE}:run reason=1 (EXIT_SELF) subreason=0 (UNKNOWN) status=0
"""


def test_a_phone_that_keeps_no_record_of_ends(at: At) -> None:
    at.phone.report = lines(APP)
    with pytest.raises(DeviceError, match="was ended") as caught:
        at.run()
    assert caught.value.why == "Its report breaks off."


def test_a_report_that_breaks_off_on_its_way_is_read_again(at: At) -> None:
    def end_the_provider(words: list[str]) -> Completed:
        del at.phone.answers["content read"]
        return Completed(0, REPORT[:200], "")

    at.phone.answers["content read"] = end_the_provider
    outcome = at.run()
    assert outcome.process.runs == (40,)
    assert len([c for c in at.phone.did("content read") if c.endswith("/report")]) == 2


@pytest.mark.parametrize(
    "report",
    [lines(*INSIDE), lines(APP, APP_END), lines({**APP, "sdk": "35"}, *INSIDE, APP_END), "hello\n"],
)
def test_a_malformed_report_is_refused(at: At, report: str) -> None:
    at.phone.report = report
    with pytest.raises(DeviceError, match="report is malformed") as caught:
        at.run()
    assert "--runner app" in caught.value.todo


def test_outputs_must_have_the_size_reported(at: At) -> None:
    at.phone.outputs = b"abc"
    with pytest.raises(DeviceError, match="malformed") as caught:
        at.run()
    assert "wrote 3 bytes of outputs, and reports 5" in caught.value.why


def test_outputs_that_do_not_fit_on_the_phone(at: At) -> None:
    def full(words: list[str]) -> Completed:
        if words[-1].endswith("app-outputs"):
            return Completed(
                0,
                "",
                f"Error while accessing provider:{PACKAGE}.runs\n"
                "java.io.IOException: write failed: ENOSPC (No space left on device)\n",
            )
        return at.phone.does(words)

    at.phone.answers["content read"] = full
    with pytest.raises(DeviceFull, match="do not fit on the phone") as caught:
        at.run()
    assert "Make room" in caught.value.todo


def test_outputs_that_the_app_does_not_hand_out(at: At) -> None:
    def refuse(words: list[str]) -> Completed:
        if words[-1].endswith("app-outputs"):
            return Completed(0, "", "java.io.FileNotFoundException: There is no run run-1.\n")
        return at.phone.does(words)

    at.phone.answers["content read"] = refuse
    with pytest.raises(DeviceError, match="does not hand out its results") as caught:
        at.run()
    assert "There is no run run-1." in caught.value.why


def test_a_run_that_takes_too_long_is_stopped_and_removed(at: At) -> None:
    at.phone.answers["content read"] = DeviceTimeout("A program did not end within 60 s.")
    with pytest.raises(DeviceTimeout, match="did not end within 60 s, and was stopped") as caught:
        at.run()
    assert "--timeout" in caught.value.todo
    assert not at.phone.running
    assert at.phone.there == []


def test_an_interrupt_stops_and_removes_it_too(at: At) -> None:
    at.phone.answers["content read"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        at.run()
    assert not at.phone.running
    assert at.phone.there == []


def test_what_a_lost_phone_still_does_is_ended_when_it_is_back(at: At) -> None:
    at.phone.answers["content read"] = DeviceGone("The phone does not answer.")
    with pytest.raises(DeviceGone):
        at.run()
    assert at.phone.running
    [left] = at.phone.there
    del at.phone.answers["content read"]
    at.workspace.restore()
    at.prepare()
    assert not at.phone.running
    assert at.phone.there == []
    assert left in at.phone.did("content delete")[0]


def test_what_a_lost_phone_still_does_is_ended_at_the_end_at_the_latest(at: At) -> None:
    at.phone.answers["content read"] = DeviceGone("The phone does not answer.")
    with pytest.raises(DeviceGone):
        at.run()
    assert len(at.phone.there) == 1
    at.runner.leave(at.workspace)
    assert not at.phone.running
    assert at.phone.there == []


def test_an_interrupt_on_a_phone_that_goes_away_stays_an_interrupt(at: At) -> None:
    at.prepare()
    at.phone.answers["content read"] = KeyboardInterrupt()
    at.phone.answers["am force-stop"] = DeviceGone("The phone does not answer.")
    with pytest.raises(KeyboardInterrupt):
        at.runner.run(at.workspace, at.job)


# Choosing.


def test_it_is_found_by_name_and_by_file(tmp_path: Path, monkeypatch) -> None:
    app = apk(tmp_path / "own: a.apk")
    monkeypatch.setattr(placing, "default_apk", lambda tell: app)
    for name in ("app", f"app:{app}"):
        assert runners.runner(name).name == "app"
    with pytest.raises(InputError, match="is no app") as caught:
        runners.runner("app:/nothing.apk")
    assert "app build" in caught.value.todo


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x7fELF"])
def test_a_file_that_is_no_app(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no app"):
        AppRunner(path)


def test_a_damaged_app_is_refused_or_read_and_nothing_else(tmp_path: Path) -> None:
    whole = apk(tmp_path / "whole.apk", arm64v8a=b"a library" * 100).read_bytes()
    path = tmp_path / "a.apk"
    refused = 0
    for index in range(len(whole)):
        for changed in (0, 0xFF):
            path.write_bytes(whole[:index] + bytes([changed]) + whole[index + 1 :])
            try:
                AppRunner(path)
            except InputError:
                refused += 1
    assert refused > len(whole) / 4


def test_another_kind_of_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="is no app") as caught:
        AppRunner(path)
    assert "AndroidManifest.xml" in caught.value.why
