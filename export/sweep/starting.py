"""The engine that a user names, and the sentence where what it needs is missing."""

from __future__ import annotations

from importlib import util
from typing import Literal

from _edgeship.errors import InputError
from _edgeship.export.sweep.jobs import Engine
from _edgeship.terminal.words import one_of

#: What `--engine` takes.
ENGINES = ("processes", "ray")


def start_engine(
    name: str, memory_bytes: int, jobs: int | None = None, address: str | None = None
) -> Engine:
    """Return an engine, which the caller closes.

    Args:
        name: One of `ENGINES`.
        memory_bytes: What one export may take.
        jobs: Exports at a time, on this machine; None for as many as there is room for.
        address: Of a Ray cluster; None to start one on this machine.

    Raises:
        InputError: There is no such engine, an option is not for it, Ray is not installed, or no
            cluster answers.
    """
    [chosen] = one_of((name,), ENGINES, "engine", "--engine")
    known: Literal["processes", "ray"] = "ray" if chosen == "ray" else "processes"
    if known == "processes":
        if address is not None:
            raise InputError("--address goes with --engine ray only.", todo="add --engine ray")
        from _edgeship.export.sweep.processes import Processes, jobs_for

        return Processes(jobs or jobs_for(memory_bytes))
    if jobs is not None:
        raise InputError(
            "--jobs goes with --engine processes only.",
            why="Ray runs as many exports as its nodes have cores and memory for",
        )
    if address is not None and address.startswith("ray://"):
        raise InputError(
            f"--address {address} is of a Ray client, through which jobs cannot speak.",
            todo="join the cluster with `ray start --address=HOST:PORT --num-cpus=0`, and give "
            "--address auto",
        )
    if util.find_spec("ray") is None:
        raise InputError(
            "--engine ray needs Ray, which is not installed.",
            todo="pip install 'edgeship[farm]'; without it, leave --engine out",
        )
    from _edgeship.export.sweep.ray_engine import RayEngine

    return RayEngine(address)
