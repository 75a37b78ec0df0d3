"""The runner "app" on a phone of a few lines: what it asks of it, and its faults in words."""

from __future__ import annotations

import hashlib
import shlex
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from _edgeship.device_bench.processes.base import Completed, DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.device_bench.runners.base import Accelerated, Job
from _edgeship.errors import DeviceError, InputError
from tests.device_bench.runners.app_bench import SETTINGS, At
from tests.device_bench.runners.scripted_phone import (
    APP,
    APP_END,
    INSIDE,
    OUTPUTS,
    PACKAGE,
    REPORT,
    apk,
    lines,
)


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


def test_what_a_dead_session_left_is_removed_and_what_others_own_is_not(at: At) -> None:
    own, dead = at.workspace.name.split("-"), str(2**22 + 1)
    host = own[1]
    forgotten = f"edgeship-{host}-{dead}-00000000-00000001"
    others = [
        f"edgeship-{'0' * 8}-{dead}-00000000-00000001",  # another computer's
        f"edgeship-{host}-1-00000000-00000001",  # its process is alive
        f"{at.workspace.name}-00000001",  # this very session's
        "20261129-101010",  # the user's own, begun in the app
        "edgeship-x; rm -rf",
    ]
    at.phone.there = [*others, forgotten]
    at.prepare()
    assert at.phone.there == others
    assert [command.split("/")[-1] for command in at.phone.did("content delete")] == [forgotten]


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


# Accelerators.


def test_the_order_asks_for_the_gpu_and_what_ran_there_is_told(at: At) -> None:
    with zipfile.ZipFile(at.app, "a") as packed:
        packed.writestr("lib/arm64-v8a/libLiteRtGpuAccelerator.so", b"an accelerator")
    at.runner = AppRunner(at.app, accelerator="gpu")
    at.job = replace(at.job, settings=SETTINGS.model_copy(update={"accelerator": "gpu"}))
    outcome = at.run()
    assert outcome.accelerated == Accelerated("", None, 0)
    order = at.phone.files[f"{at.workspace.path}/order"].decode().split("\n")
    assert order[order.index("--accelerator") + 1] == "gpu"


def test_an_app_without_an_accelerator_is_not_started(at: At) -> None:
    at.runner = AppRunner(at.app, accelerator="gpu")
    with pytest.raises(InputError, match="no accelerator for GPUs"):
        at.prepare()
    assert at.phone.installed is None
