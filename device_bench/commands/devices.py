"""`devices`: the devices in reach, and what to do about those that are not ready."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from _edgeship.device_bench.commands.options import JsonOption
from _edgeship.errors import DeviceError, EdgeshipError
from _edgeship.terminal.console import console, print_json, printable, size
from _edgeship.terminal.fitting import show_fitted

if TYPE_CHECKING:
    from _edgeship.device_bench.results.records import Properties


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes:
        selector: What `--device` takes.
        state: "ready", or what is wrong in a word or two.
        properties: Its properties if it is ready, else None.
        todo: What to do so that it becomes ready; "" if it is.
    """

    selector: str
    state: str
    properties: Properties | None = None
    todo: str = ""


def devices(as_json: JsonOption = False) -> None:
    """List this computer, the virtual device and the phones on adb, with their state.

    Devices behind ssh are not searched for: name them, as in --device ssh:HOST.
    """
    entries = [_entry("local"), _entry("virtual"), *_phones()]
    if as_json:
        print_json({"devices": [_as_dict(entry) for entry in entries]})
    else:
        _show(entries)


def _entry(selector: str) -> Entry:
    from _edgeship.device_bench.devices.find import find
    from _edgeship.device_bench.devices.system import read_properties

    try:
        return Entry(selector, "ready", read_properties(find(selector)))
    except EdgeshipError as error:
        return Entry(selector, "not ready", todo=" ".join(filter(None, [error.what, error.todo])))


def _phones() -> list[Entry]:
    from _edgeship.device_bench.devices.adb_server import phones

    try:
        listed = phones()
    except DeviceError as error:
        return [Entry("adb", "not ready", todo=" ".join(filter(None, [error.what, error.todo])))]
    entries = []
    for phone in listed:
        selector = f"adb:{phone.serial}"
        if phone.state == "device":
            entries.append(_entry(selector))
        else:
            entries.append(Entry(selector, phone.state, todo=phone.advice))
    return entries


def _as_dict(entry: Entry) -> dict[str, object]:
    properties = None if entry.properties is None else entry.properties.model_dump(mode="json")
    return {**asdict(entry), "properties": properties}


def _show(entries: list[Entry]) -> None:
    from _edgeship.device_bench.devices.cores import describe_cores

    output = console()
    columns = ("device", "state", "model", "chip", "system", "ABI", "cores", "memory")
    rows = []
    for entry in entries:
        known = entry.properties
        if known is None:
            rows.append((entry.selector, entry.state, *[""] * 6))
            continue
        memory = "" if known.ram_bytes is None else size(known.ram_bytes)
        cores = describe_cores(known.cores)
        what = (known.model, known.soc, known.os, known.abi)
        rows.append((entry.selector, entry.state, *what, cores, memory))
    show_fitted(columns, rows)
    for entry in entries:
        if entry.todo:
            output.print(printable(f"{entry.selector} is {entry.state}. {entry.todo}"))
    if not any(entry.selector.startswith("adb") for entry in entries):
        output.print("No phone: switch on USB debugging in its developer options, and plug it in.")
    ready = [entry.selector for entry in entries if entry.properties is not None]
    if ready:
        # If there is a phone, that is what to measure on.
        wanted = next((selector for selector in ready if selector.startswith("adb:")), ready[0])
        output.print()
        output.print(
            printable(f"next: python -m device_bench run FILE --device {wanted}"), soft_wrap=True
        )
