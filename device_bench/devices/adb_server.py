"""The adb server on this computer: which phones it knows, and connections to services on them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from _edgeship.device_bench.processes.base import DeviceGone
from _edgeship.errors import DeviceError

if TYPE_CHECKING:
    from adbutils import AdbClient

# How long the server may take for an answer that it does not need the phone for.
_ANSWER_S = 10.0

# A request for a service begins with its length in four hexadecimal digits.
_MAX_SERVICE_BYTES = 0xFFFF

_RECEIVE_BYTES = 1 << 16

_REPLUG = "Pull the cable and plug it in again; over the network run `adb connect` again."

#: State of a phone in adb's list -> what its owner can do so that it becomes "device".
ADVICE = {
    "unauthorized": 'Unlock the phone and accept its question "Allow USB debugging?". If it asks '
    "nothing, revoke the USB debugging authorizations in its developer options, and connect it "
    "again.",
    "authorizing": 'Unlock the phone and accept its question "Allow USB debugging?".',
    "connecting": "Wait a few seconds, and try again.",
    "offline": _REPLUG,
    "no permissions": "Allow your user to use it: `apt install android-sdk-platform-tools-common` "
    "on Debian and Ubuntu brings the udev rules; then plug it in again.",
    "recovery": "Start Android on it: `adb reboot`.",
    "sideload": "Start Android on it: `adb reboot`.",
    "bootloader": "Start Android on it: `fastboot reboot`.",
}


@dataclass(frozen=True)
class Phone:
    """One line of adb's list.

    Attributes:
        serial: adb's name for it.
        state: "device" if it can be used; otherwise "unauthorized", "offline" or the like.
        model: Its model as far as adb knows; "" while the phone cannot be used.
    """

    serial: str
    state: str
    model: str = ""

    @property
    def advice(self) -> str:
        """What to do so that it can be used; "" if it can."""
        return "" if self.state == "device" else ADVICE.get(self.state, _REPLUG)


def phones() -> list[Phone]:
    """Return all phones that the adb server knows, usable or not; the server is started if needed.

    Raises:
        DeviceError: There is no adb here, or its server does not answer.
    """
    client = _client()
    with _explained(), client.make_connection(timeout=_ANSWER_S) as connection:
        connection.send_command("host:devices")
        connection.check_okay()
        lines = connection.read_string_block().splitlines()
    with _explained():
        models = {one.serial: one.tags.get("model", "") for one in client.list(extended=True)}
    found = []
    for line in lines:
        serial, tab, state = line.partition("\t")
        if tab:
            # After this state comes adb's own advice, in parentheses.
            state = "no permissions" if state.startswith("no permissions") else state.strip()
            found.append(Phone(serial, state, models.get(serial, "").replace("_", " ")))
    return found


def features(serial: str) -> set[str]:
    """Return what a phone's daemon can do, such as "shell_v2".

    Raises:
        DeviceGone: The phone is not reachable.
        DeviceError: The server does not answer.
    """
    with _explained(serial):
        return set(_client().device(serial).get_features().split(","))


def state(serial: str) -> str:
    """Return a phone's state in adb's list, or "" if it is not there.

    Raises:
        DeviceError: There is no adb here, or its server does not answer.
    """
    return next((phone.state for phone in phones() if phone.serial == serial), "")


class Channel:
    """A connection to a service on a phone; use it as a context manager.

    Whatever breaks it means that the phone is gone for now. That includes a restart of the server,
    which adb programs of another version cause; the same work can then be done again.

    Args:
        serial: The phone.
        connection: To the service, just opened.
    """

    def __init__(self, serial: str, connection: socket.socket) -> None:
        self._serial = serial
        self._connection = connection

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def send(self, data: bytes, deadline: float) -> None:
        """Send all bytes.

        Args:
            data: What to send.
            deadline: On the clock `time.monotonic`.

        Raises:
            TimeoutError: Not all of them were accepted by then.
            DeviceGone: The connection broke.
        """
        try:
            self._wait_until(deadline)
            self._connection.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise self.gone(str(error)) from error

    def receive(self, count: int, deadline: float) -> bytes:
        """Return exactly ``count`` bytes; deadline and errors are those of `send`."""
        parts = []
        while count:
            try:
                self._wait_until(deadline)
                data = self._connection.recv(min(count, _RECEIVE_BYTES))
            except TimeoutError:
                raise
            except OSError as error:
                raise self.gone(str(error)) from error
            if not data:
                raise self.gone("it ended too early")
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def gone(self, why: str) -> DeviceGone:
        """Return the error for a broken connection."""
        return _gone(self._serial, why)

    def _wait_until(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)


def open_service(serial: str, name: str) -> Channel:
    """Open a service on a phone, such as "sync:".

    Raises:
        DeviceGone: The phone is not reachable.
        DeviceError: The request cannot be sent, or the server does not answer.
    """
    request = name.encode("utf-8", "surrogateescape")
    if len(request) > _MAX_SERVICE_BYTES or b"\0" in request:
        raise DeviceError(
            f"A command of {len(request)} bytes cannot be sent to a phone.",
            why=f"It may have {_MAX_SERVICE_BYTES}, and no zero byte in it.",
        )
    with _explained(serial):
        connection = _client().device(serial).open_transport(timeout=_ANSWER_S)
        try:
            connection.conn.sendall(f"{len(request):04x}".encode() + request)
            connection.check_okay()
        except BaseException:
            connection.conn.close()
            raise
        return Channel(serial, connection.conn)


def connect(serial: str) -> None:
    """Have the server connect anew to a phone on the network, "HOST:PORT".

    The server keeps a broken connection for a while and says "already connected", so it is told to
    forget it first. Whether it worked shows when the next service is opened.

    Raises:
        DeviceError: The server does not answer.
    """
    client = _client()
    with _explained(serial), contextlib.suppress(DeviceGone):
        client.disconnect(serial)
        client.connect(serial, timeout=_ANSWER_S)


def _client() -> AdbClient:
    from adbutils import AdbClient

    # Host and port come from ANDROID_ADB_SERVER_HOST and _PORT, as for adb itself.
    return AdbClient()


@contextlib.contextmanager
def _explained(serial: str = "") -> Iterator[None]:
    """Turn what adbutils raises in the block into errors of ours.

    Args:
        serial: The phone in question; "" if only the server is asked.
    """
    from adbutils import AdbError

    try:
        yield
    except (AdbError, EOFError, OSError, ValueError, subprocess.SubprocessError) as error:
        why = " ".join(str(error).split())[:300]
        if serial:
            raise _gone(serial, why) from error
        raise DeviceError(
            "The adb server on this computer does not answer.",
            why=why,
            todo="Install adb (`apt install adb` on Debian and Ubuntu), and try `adb devices`.",
        ) from error


def _gone(serial: str, why: str) -> DeviceGone:
    now = state(serial)
    if not now:
        reason, todo = "adb does not list it.", _REPLUG
    elif now == "device":
        reason, todo = f"The connection broke: {why}.", "Try again."
    else:
        reason, todo = f'adb lists it as "{now}".', ADVICE.get(now, _REPLUG)
    return DeviceGone("The phone does not answer.", where=f"adb:{serial}", why=reason, todo=todo)
