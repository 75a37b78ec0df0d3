"""The app on its way to a phone, and away again: what is refused, and how that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed, DeviceFull, DeviceTimeout
from _edgeship.device_bench.runners.app_refusals import INSTALLING
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.errors import DeviceError
from tests.device_bench.runners.app_bench import At
from tests.device_bench.runners.scripted_phone import PACKAGE, apk


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
