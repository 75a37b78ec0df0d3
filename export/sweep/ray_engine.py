"""The engine on Ray: jobs run on any node that has a core and the memory, or the device.

A job is a streaming task of Ray's: what it says comes while it runs, and is here when its node
dies. Ray itself retries nothing; whoever gave the job hears that it was lost, and gives it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray
from ray import exceptions

from _edgeship.errors import InputError
from _edgeship.export.sweep.jobs import Job, Message, Outcome
from _edgeship.export.sweep.keys import this_machine
from _edgeship.export.sweep.limited import run_limited
from _edgeship.work_folders import temporary_folder

#: How many jobs for each core are given to Ray at a time: one that runs, and one that follows.
_AHEAD = 2

#: Seconds that a cluster has to answer.
_ANSWER_SECONDS = 10.0

#: Seconds between two looks at what the cluster has.
_LOOK = 1.0

#: What ends a task with its node, and not by its own fault.
_LOST = (
    exceptions.NodeDiedError,
    exceptions.LocalRayletDiedError,
    exceptions.ObjectLostError,
    exceptions.TaskCancelledError,
)


class RayEngine:
    """Runs jobs on a Ray cluster.

    Args:
        address: Of a cluster that this machine is a node of, or ``auto``; None to start one here.

    Raises:
        InputError: No cluster answers.
    """

    def __init__(self, address: str | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray prints on standard output what its processes logged, which is where JSON goes.
        self._quiet = contextlib.ExitStack()
        silent = self._quiet.enter_context(Path(os.devnull).open("w"))  # noqa: SIM115
        try:
            _knock(address)
            ray.init(
                address=address or "local",  # without it, Ray joins what runs here
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except (OSError, RuntimeError, ValueError) as error:
            self._quiet.close()
            raise InputError(
                f"No Ray cluster answers at {address or 'this machine'}.",
                why=" ".join(str(error).split())[:200],
                todo="start one with `ray start --head`, join it from this machine with `ray start "
                "--address=HOST:PORT`, and give --address auto",
            ) from error
        self._quiet.enter_context(contextlib.redirect_stdout(silent))
        self._task = ray.remote(_work)
        self._running: dict[str, tuple[Job, Any]] = {}
        self._objects: dict[str, Any] = {}
        self._looked = 0.0
        self._nodes: list[Mapping[str, float]] = []
        self._there: set[str] = set()
        self._look()

    def room(self) -> int:
        """Return how many further jobs without a device it makes sense to submit now."""
        cores = sum(node.get("CPU", 0.0) for node in self._nodes)
        return int(_AHEAD * cores) - sum(not job.device for job, _ in self._running.values())

    def has(self, device: str) -> bool:
        """Return whether a node with a device is in the cluster."""
        return device in self._there

    def devices(self) -> list[str]:
        """Return the devices of all nodes: the resources that are called like devices."""
        kinds = ("adb:", "ssh:")
        return sorted(
            name for name in self._there if name.startswith(kinds) or name in ("local", "virtual")
        )

    def submit(self, job: Job) -> None:
        """Give a job to Ray, with the files that it reads."""
        inputs = {name: self._object(job.root / name) for name in job.inputs if _travels(name)}
        order = {**asdict(job), "root": "", "result": None, "returns": job.result is not None}
        order["same"] = this_machine()
        needs: dict[str, Any] = {"num_cpus": 1, "memory": job.memory_bytes}
        if job.device:
            needs = {"num_cpus": 0, "resources": {job.device: 1}}
        task = self._task.options(num_returns="streaming", max_retries=0, **needs)
        self._running[job.id] = (job, task.remote(order, inputs))

    def wait(self, seconds: float) -> Sequence[Message | Outcome]:
        """Return what has come, or nothing after some seconds."""
        self._look()
        found: list[Message | Outcome] = list(self._impossible())
        if not self._running:
            time.sleep(0 if found else seconds)
            return found
        streams = {stream: job for job, stream in self._running.values()}
        ready, _ = ray.wait(list(streams), num_returns=len(streams), timeout=seconds)
        for stream in ready:
            one = self._next(streams[stream], stream)
            if isinstance(one, Outcome):
                del self._running[one.job]
            if one is not None:
                found.append(one)
        return found

    def close(self) -> None:
        """End whatever runs, and leave the cluster."""
        for _, stream in self._running.values():
            with contextlib.suppress(exceptions.RayError):
                ray.cancel(stream, force=True)
        self._running.clear()
        ray.shutdown()
        self._quiet.close()

    def _next(self, job: Job, stream: Any) -> Message | Outcome | None:
        """Return the next thing that a job says; None where that is not known yet."""
        try:
            kind, value = ray.get(next(stream))
        except StopIteration:
            return Outcome(job.id, "lost", why="Its node ended it.")
        except exceptions.WorkerCrashedError:
            return Outcome(job.id, "lost", why="Ray's process for it on its node died.")
        except _LOST:
            return Outcome(job.id, "lost", why="Its node was lost.")
        except exceptions.OutOfMemoryError:
            return Outcome(job.id, "lost", why="Its node ran out of memory, and Ray ended it.")
        except exceptions.RayTaskError as error:
            return Outcome(job.id, "died", why=f"Its node could not run it: {_last_line(error)}")
        if kind == "message":
            return Message(job.id, value)
        files = value.pop("files")
        if job.result is not None:
            _unpack(files, job.result)
        return Outcome(**{**value, "job": job.id})

    def _impossible(self) -> Iterator[Outcome]:
        """Yield the outcome of jobs that no node can run any more."""
        most = max((node.get("memory", 0.0) for node in self._nodes), default=0.0)
        for job, stream in list(self._running.values()):
            if job.device:
                if self.has(job.device):
                    continue
                one = Outcome(job.id, "lost", why=f"The node of {job.device} is gone.")
            elif job.memory_bytes > most:
                why = (
                    f"No node has the {job.memory_bytes / 1e9:.2g} GB of memory that an export may "
                    f"take: the largest has {most / 1e9:.2g} GB."
                )
                one = Outcome(job.id, "died", why=why)
            else:
                continue
            with contextlib.suppress(exceptions.RayError):
                ray.cancel(stream, force=True)
            del self._running[job.id]
            yield one

    def _look(self) -> None:
        """See what the cluster has, now and then."""
        if time.monotonic() - self._looked > _LOOK:
            self._nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            self._there = {name for node in self._nodes for name in node}
            self._looked = time.monotonic()

    def _object(self, path: Path) -> Any:
        """Return a file as an object of Ray's, put there once."""
        name = str(path)
        if name not in self._objects:
            self._objects[name] = ray.put(path.read_bytes())
        return self._objects[name]


def _knock(address: str | None) -> None:
    """See whether something answers at an address: Ray ends our process where nothing does.

    Raises:
        OSError: Nothing does.
        ValueError: It is no address.
    """
    if address is None or address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("it is not of the form HOST:PORT")
    socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()


def _travels(name: str) -> bool:
    """Return whether a file is brought to the nodes; others are there under the same path."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _last_line(error: Exception) -> str:
    """Return the last line of a traceback, which says what was raised."""
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()[:200]


def _work(order: dict[str, Any], inputs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Do a job on a node; yield what it says, and last its outcome with the files that it made."""
    node = ray.get_runtime_context().get_node_id()[:8]
    other = _other(order.pop("same"))
    if other:
        # What it would make is not what its key says.
        why = f"The node {node} has another {other} than the machine that started the sweep."
        failed = asdict(Outcome(order["id"], "died", why=why, node=node))
        yield "outcome", {**failed, "files": {"names": {}, "blobs": {}}}
        return
    with temporary_folder() as own:
        root, folder = own / "root", own / "made"
        root.mkdir()
        folder.mkdir()
        for name, data in zip(inputs, ray.get(list(inputs.values())), strict=True):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        returns = order.pop("returns")
        job = Job(**{**order, "root": root})
        for one in run_limited(job, folder):
            if isinstance(one, Message):
                yield "message", dict(one.value)
            else:
                files = _pack(folder) if returns else None
                yield "outcome", {**asdict(one), "node": node, "files": files}


def _other(same: Mapping[str, str]) -> str:
    """Return the first thing in which this node differs from what is asked for, in words."""
    own = this_machine()
    for name, text in same.items():
        if own.get(name) != text:
            digest = name not in own or len(text) == 64
            return name if digest else f"{name} ({own[name]}, not {text})"
    return ""


def _pack(folder: Path) -> dict[str, Any]:
    """Return the files of a folder, with the bytes of equal ones once."""
    names: dict[str, str] = {}
    blobs: dict[str, bytes] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        names[path.relative_to(folder).as_posix()] = digest
        blobs[digest] = data
    return {"names": names, "blobs": blobs}


def _unpack(files: Mapping[str, Any], folder: Path) -> None:
    """Write files into a folder that does not exist yet; equal ones share their bytes."""
    folder.mkdir(parents=True)
    first: dict[str, Path] = {}
    for name, digest in files["names"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if digest in first:
            os.link(first[digest], path)
        else:
            path.write_bytes(files["blobs"][digest])
            first[digest] = path
