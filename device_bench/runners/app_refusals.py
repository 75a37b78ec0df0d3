"""Why a phone does not install the app, or the app does not run: in words, and what to do."""

from __future__ import annotations

import re

from _edgeship.device_bench.app.project import PACKAGE

_UNINSTALL = f"Uninstall it first: `adb uninstall {PACKAGE}`; that also removes the app's history."
_ASK = "Unlock the phone, accept its question about installing, and try again."

#: What `pm install` answers -> what that means, and what to do. The codes are those of Android's
#: PackageManager.
INSTALLING = {
    "INSTALL_FAILED_USER_RESTRICTED": (
        "The phone's user, or its maker's settings, do not allow it.",
        'Allow "Install via USB" in the developer options, and accept the question on the phone.',
    ),
    "INSTALL_FAILED_ABORTED": ("Someone at the phone refused it.", _ASK),
    "INSTALL_FAILED_INSUFFICIENT_STORAGE": (
        "The phone has no space left for it.",
        "Make room on the phone, and try again.",
    ),
    "INSTALL_FAILED_VERSION_DOWNGRADE": ("A newer version of it is installed.", _UNINSTALL),
    "INSTALL_FAILED_UPDATE_INCOMPATIBLE": (
        "It is installed already, signed with another key.",
        _UNINSTALL,
    ),
    "INSTALL_FAILED_ALREADY_EXISTS": ("It is installed already for another user.", _UNINSTALL),
    "INSTALL_FAILED_CONFLICTING_PROVIDER": (
        "Another app has taken the names that it needs.",
        "Uninstall that app.",
    ),
    "INSTALL_FAILED_NO_MATCHING_ABIS": (
        "It holds no code for the phone's processor.",
        "Use an APK with that processor's ABI; `python -m device_bench devices` names it.",
    ),
    "INSTALL_FAILED_CPU_ABI_INCOMPATIBLE": (
        "Its code is not for the phone's processor.",
        "Use an APK with that processor's ABI; `python -m device_bench devices` names it.",
    ),
    "INSTALL_FAILED_VERIFICATION_FAILURE": (
        "The phone's check of apps (Play Protect) refused it.",
        'Switch off "Verify apps over USB" in the developer options, or accept it there.',
    ),
    "INSTALL_FAILED_VERIFICATION_TIMEOUT": (
        "The phone's check of apps (Play Protect) did not end in time.",
        'Switch off "Verify apps over USB" in the developer options, and try again.',
    ),
    "INSTALL_FAILED_TEST_ONLY": (
        "It was built to be tested only, as Android Studio's Run button does.",
        "Build it with `python -m device_bench app build`, or with Gradle's assembleRelease.",
    ),
    "INSTALL_FAILED_OLDER_SDK": (
        "The phone's Android is older than the app needs.",
        "Use a phone with Android 8 or later, or --runner native.",
    ),
    "INSTALL_FAILED_DEPRECATED_SDK_VERSION": (
        "The phone's Android no longer takes apps for such an old version.",
        "Build the app again: `python -m device_bench app build`.",
    ),
    "INSTALL_FAILED_INVALID_APK": (
        "The phone finds no app in the file.",
        "Build it again: `python -m device_bench app build`.",
    ),
    "INSTALL_PARSE_FAILED_NO_CERTIFICATES": (
        "The file is not signed, or was changed after it was signed.",
        "Build it again: `python -m device_bench app build`.",
    ),
}

# The beginning of a code -> the same, for the codes that are not above.
_KINDS = {
    "INSTALL_PARSE_FAILED": (
        "The phone cannot read the app.",
        "Build it again: `python -m device_bench app build`.",
    ),
    "INSTALL_FAILED": ("The phone refused it.", "Look at the phone for a question, and try again."),
}

_FAILURE = re.compile(r"Failure \[(?P<code>[A-Z_]{1,60})(?:: (?P<words>.*))?\]")

# A phrase in what the app says -> what to do.
_RUNNING = {
    "no litert library": "Build the app with one: `python -m device_bench app build --litert "
    "litert.aar`, with the AAR of com.google.ai.edge.litert:litert from Google's Maven repository.",
    "locked": "Unlock the phone, and leave it unlocked while it measures.",
    "front": "Unlock the phone, close what covers the app, and do not use the phone while it "
    "measures.",
    "no space left": "Make room on the phone, and try again.",
    "another run": "Wait for it to end, or close the app on the phone.",
    "accelerat": "Use --accelerator cpu; `python -m export verify FILE --runtime gpu` names each "
    "operator that a GPU refuses.",
}


def installing(said: str) -> tuple[str, str]:
    """Return why the phone refused to install, and what to do.

    Args:
        said: What `pm install` printed; it is untrusted text.
    """
    match = _FAILURE.search(said)
    if match is None:
        return _cleaned(said) or "It said nothing.", _KINDS["INSTALL_FAILED"][1]
    code = match["code"]
    kind = next((kind for kind in _KINDS if code.startswith(kind)), "INSTALL_FAILED")
    why, todo = INSTALLING.get(code, _KINDS[kind])
    words = f": {match['words']}" if match["words"] else ""
    return f"{why} It answers {_cleaned(code + words)}.", todo


def running(said: str) -> str:
    """Return what to do about an error that the app reports, or "" where nothing is known.

    Args:
        said: The error; it is untrusted text.
    """
    text = said.lower()
    return next((todo for phrase, todo in _RUNNING.items() if phrase in text), "")


def _cleaned(text: str) -> str:
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return " ".join(words)[:300]
