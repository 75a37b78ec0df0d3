"""Which cores a process is pinned to: the indices that "big", "little", "all" or a list mean."""

from __future__ import annotations

import re

from _edgeship.device_bench.results.records import Core, Properties
from _edgeship.errors import InputError

# Efficiency cores by implementer and part, where the frequency is hidden. Arm: Cortex-A7, A35,
# A53, A55, A510, A520. Qualcomm: the silver cores of Kryo 280, 385 and 485. The numbers are those
# of the main ID register, as in the Linux kernel's arch/arm64/include/asm/cputype.h.
_LITTLE_PARTS = {
    *("0x41:0xc07", "0x41:0xd04", "0x41:0xd03", "0x41:0xd05", "0x41:0xd46", "0x41:0xd80"),
    *("0x51:0x801", "0x51:0x803", "0x51:0x805"),
}


def choose_cores(words: str, properties: Properties) -> tuple[int, ...]:
    """Return the indices of the cores that a word or a list names.

    Args:
        words: "big" (the cluster with the highest frequency, in which a thread may move without a
            change of speed), "little" (the one with the lowest), "all", or a list such as "0,2-3".
        properties: Those of the device.

    Raises:
        InputError: The list is malformed or names a core that is not there, or the device hides
            its cores or what distinguishes them.
    """
    there = tuple(core.index for core in properties.cores)
    if words not in ("big", "little", "all"):
        return _listed(words, there)
    if not there:
        raise InputError(
            f"{properties.selector} does not say which cores it has.",
            todo="Name them, such as --cores 4-7, or leave --cores out.",
        )
    if words == "all":
        return there
    return _cluster(words, properties)


def _listed(words: str, there: tuple[int, ...]) -> tuple[int, ...]:
    chosen: set[int] = set()
    for word in words.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})(?:-(\d{1,4}))?\s*", word)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise InputError(
                f"'{words}' names no cores.", todo="Write big, little, all, or a list as 0,2-3."
            )
        chosen |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    missing = sorted(chosen - set(there)) if there else []
    if missing:
        raise InputError(
            f"There is no core {missing[0]}.",
            why=f"The device has the cores {', '.join(map(str, there))}.",
        )
    return tuple(sorted(chosen))


def _cluster(word: str, properties: Properties) -> tuple[int, ...]:
    cores = properties.cores
    # The higher, the faster: frequencies, or 0 and 1 for parts that are known to differ.
    speeds = [core.max_mhz for core in cores if core.max_mhz is not None]
    if len(speeds) < len(cores):
        speeds = [int(core.part not in _LITTLE_PARTS) for core in cores if core.part]
    if len(speeds) < len(cores):
        raise InputError(
            f"{properties.selector} does not say which of its cores are {word}.",
            why="It hides the frequencies of some, and their part numbers.",
            todo="Name cores, such as --cores 4-7.",
        )
    if len(set(speeds)) == 1:
        raise InputError(
            f"{properties.selector} has no {word} cores.",
            why=f"Its {len(cores)} cores are all alike, or it hides how they differ.",
            todo="Use --cores all, or name cores, such as --cores 0-3.",
        )
    wanted = max(speeds) if word == "big" else min(speeds)
    return tuple(core.index for core, speed in zip(cores, speeds, strict=True) if speed == wanted)


def describe_cores(cores: tuple[Core, ...]) -> str:
    """Return the clusters for people, such as "4 x 2.80 GHz, 4 x 1.80 GHz", fastest first."""
    counts: dict[int, int] = {}
    for core in cores:
        counts[core.max_mhz or 0] = counts.get(core.max_mhz or 0, 0) + 1
    return ", ".join(
        f"{count} x {mhz / 1000:.2f} GHz" if mhz else f"{count}"
        for mhz, count in sorted(counts.items(), reverse=True)
    )
