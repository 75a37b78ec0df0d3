"""The outputs of a run: one file on the device with the bytes of all of them, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from _edgeship.device_bench.processes.base import Device
from _edgeship.errors import DeviceError
from _edgeship.work_folders import temporary_folder


def pull_outputs(device: Device, path: str, sizes: Sequence[int], where: str) -> tuple[bytes, ...]:
    """Return the bytes of each output.

    Args:
        device: Where the file is.
        path: Its absolute path there.
        sizes: Bytes of each output, as the report says.
        where: For messages.

    Raises:
        DeviceError: The file is missing, or does not have that size.
    """
    with temporary_folder() as own:
        local = own / "outputs"
        device.pull(path, local)
        data = local.read_bytes()
    if len(data) != sum(sizes):
        raise DeviceError(
            "The runner's report is malformed.",
            where=where,
            why=f"It wrote {len(data)} bytes of outputs, and reports {sum(sizes)}.",
        )
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return tuple(data[end - size : end] for end, size in zip(ends, sizes, strict=True))


def digest_of(outputs: Sequence[bytes]) -> str:
    """Return the SHA-256 of the bytes of all outputs in order."""
    return hashlib.sha256(b"".join(outputs)).hexdigest()
