"""The devices that the values of `--device` name."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.processes.base import Device
from _edgeship.errors import InputError

#: What `--device` takes.
CHOICES = ("local", "virtual", "adb", "adb:SERIAL", "ssh:HOST")


def find(selector: str) -> Device:
    """Return the device that a selector names, after a first contact with it.

    Args:
        selector: One of `CHOICES`. "adb" alone stands for the only phone that is connected.

    Raises:
        InputError: It names no device, or "adb" could mean several phones.
        DeviceError: The device cannot be reached; the message says what to do.
    """
    kind, colon, name = selector.partition(":")
    if kind == "ssh" and name:
        from _edgeship.device_bench.devices.ssh import SshDevice

        return SshDevice(name)
    if kind == "adb" and (name or not colon):
        from _edgeship.device_bench.devices.adb import find_phone

        return find_phone(name or None)
    if selector == "local":
        from _edgeship.device_bench.devices.local import LocalDevice

        return LocalDevice()
    if selector == "virtual":
        from _edgeship.device_bench.devices.virtual import VirtualDevice

        return VirtualDevice()
    raise InputError(
        f"'{selector}' names no device.",
        todo=f"Choose from {', '.join(CHOICES)}; `python -m device_bench devices` lists what is "
        "there.",
    )


def find_all(selectors: Sequence[str]) -> list[Device]:
    """Return the devices that several selectors name, in their order.

    Raises:
        InputError: There are none, one names no device, or two name the same device.
        DeviceError: A device cannot be reached.
    """
    if not selectors:
        raise InputError("No device is named.", todo=f"Give --device with {', '.join(CHOICES)}.")
    devices = [find(selector) for selector in selectors]
    names = [device.selector for device in devices]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"The device {name} is named twice.", todo="Name each device once.")
    return devices
