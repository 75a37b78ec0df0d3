"""A phone behind adb, by cable or over the network."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from _edgeship.device_bench.devices import adb_server, adb_shell, adb_sync
from _edgeship.device_bench.devices.adb_server import Channel
from _edgeship.device_bench.devices.arriving import arriving
from _edgeship.device_bench.processes.base import Completed, DeviceGone
from _edgeship.errors import DeviceError, InputError

_T = TypeVar("_T")

# What adb calls a phone on the network; it is connected by this name too.
_NETWORK = re.compile(r"[A-Za-z0-9_.\[\]:-]+:[0-9]{1,5}")

_SERIAL = re.compile(r"[A-Za-z0-9_.:\[\]()-]{1,200}")


class AdbDevice:
    """A phone in the state "device"; one on the network is connected when needed.

    Args:
        serial: Its name in `adb devices`: a serial number, or HOST:PORT.

    Raises:
        InputError: ``serial`` cannot be such a name.
        DeviceError: The phone cannot be used; the message says what to do.
    """

    unit: str = "ns"
    base: str = "/data/local/tmp"

    def __init__(self, serial: str) -> None:
        if not _SERIAL.fullmatch(serial):
            raise InputError(
                f"{serial!r} is no serial number of a phone.",
                todo="Use one that `adb devices` prints.",
            )
        self.selector: str = f"adb:{serial}"
        self._serial = serial
        try:
            features = self._reached(lambda: adb_server.features(serial))
        except DeviceGone as error:
            # It was never there: waiting for it would not help.
            raise DeviceError(
                f"The phone {serial} cannot be used.",
                where=error.where,
                why=error.why,
                todo=error.todo,
            ) from error
        if "shell_v2" not in features:
            raise DeviceError(
                f"The phone {serial} is too old: its adb does not report exit codes.",
                todo="Use one with Android 7 or later.",
            )

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to an absolute path on the phone, with mode 0755."""
        try:
            file = local.open("rb")
        except OSError as error:
            raise DeviceError(f"{local} cannot be read.", why=str(error)) from error
        with file, self._service("sync:") as channel:
            adb_sync.send(channel, file, remote, 0o755)

    def pull(self, remote: str, local: Path) -> None:
        """Copy a file from an absolute path on the phone; a partial file is never left."""
        with arriving(local) as file, self._service("sync:") as channel:
            adb_sync.receive(channel, remote, file)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a program; its arguments are quoted for the phone's shell."""
        with self._service(f"shell,v2,raw:{shlex.join(argv)}") as channel:
            return adb_shell.finish(channel, timeout=timeout, on_line=on_line)

    def _service(self, name: str) -> Channel:
        return self._reached(lambda: adb_server.open_service(self._serial, name))

    def _reached(self, use: Callable[[], _T]) -> _T:
        """Use the phone; if it is on the network and has gone, connect it and try again.

        adb's server comes back to a lost phone by itself, but it tries only every ten seconds.
        """
        try:
            return use()
        except DeviceGone:
            lost = adb_server.state(self._serial) in ("", "offline")
            if not (lost and _NETWORK.fullmatch(self._serial)):
                raise
        adb_server.connect(self._serial)
        return use()


def find_phone(serial: str | None) -> AdbDevice:
    """Return a phone by its serial, or the only one that is connected.

    Raises:
        InputError: Several phones are connected and none is named, or the serial is no serial.
        DeviceError: There is no phone, or it cannot be used; the message says what to do.
    """
    if serial is not None:
        return AdbDevice(serial)
    phones = adb_server.phones()
    usable = [phone for phone in phones if phone.state == "device"]
    if len(usable) > 1:
        raise InputError(
            f"{len(usable)} phones are connected.",
            todo="Name one of them: "
            + ", ".join(f"--device adb:{phone.serial} ({phone.model})" for phone in usable)
            + ".",
        )
    if not usable and len(phones) == 1:
        return AdbDevice(phones[0].serial)  # Its error says what is wrong with it.
    if not usable:
        raise DeviceError(
            "No phone can be used.",
            why="; ".join(f"{phone.serial} is {phone.state}" for phone in phones)
            or "adb lists none.",
            todo=" ".join(dict.fromkeys(phone.advice for phone in phones))
            or "Switch on USB debugging in its developer options, and plug it in; `adb devices` "
            "then lists it.",
        )
    return AdbDevice(usable[0].serial)
