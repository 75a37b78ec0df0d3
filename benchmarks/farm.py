"""A farm beside one process, and a farm that loses a node and a phone: time, and work done twice.

Run: python benchmarks/farm.py [--networks 20] [--runs one,farm,faults]

Makes small networks, exports each in three schemes and measures them on virtual phones that adb
reaches, in one invocation, so that all runs have the machine as it is:

one     one process with one phone, one step after the other
farm    two Ray nodes on this machine with a core and two phones each
faults  the same; when half of the files are there, the second node is killed, and when a phone has
        finished a round, it loses its cable

The phones are qemu on this machine: their times say nothing about a phone, and all of them share
its cores, so that the farm can gain no more than there are cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from virtual_phones import phones

from _edgeship.device_bench.store.store import Filter, Store

if TYPE_CHECKING:
    from tests.phone.phone import Phone

SCHEMES = ("none", "dynamic", "int8")
SWEEP = """
networks = [{networks}]
schemes = ["none", "dynamic", "int8"]

[limits]
memory = "1 GB"
minutes = 10

[measure]
rounds = 2
runs = 3
seconds = 0
warmup = 0
away-minutes = 0.05
"""


def network(path: Path, width: int) -> None:
    """Write a network of four convolutions and a classifier, with random weights."""
    random = np.random.default_rng(width)
    nodes, weights = [], []
    last, channels = "image", 3
    for place, (wide, stride) in enumerate(
        [(width, 2), (2 * width, 2), (2 * width, 1), (4 * width, 2)]
    ):
        kernel = random.standard_normal((wide, channels, 3, 3)) * (2 / (9 * channels)) ** 0.5
        weights.append(numpy_helper.from_array(kernel.astype(np.float32), f"kernel{place}"))
        nodes += [
            helper.make_node(
                "Conv",
                [last, f"kernel{place}"],
                [f"sum{place}"],
                pads=[1] * 4,
                strides=[stride] * 2,
            ),
            helper.make_node("Relu", [f"sum{place}"], [f"layer{place}"]),
        ]
        last, channels = f"layer{place}", wide
    matrix = random.standard_normal((channels, 10)) * channels**-0.5
    weights.append(numpy_helper.from_array(matrix.astype(np.float32), "matrix"))
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["scores"]),
    ]
    float32 = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("image", float32, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("scores", float32, [1, 10])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)


def measured(store: Path) -> tuple[int, int, int]:
    """Return complete sessions, rounds in them, and rounds in those that were cut short."""
    with Store(store) as opened:
        sessions = opened.sessions()
    rounds = {True: 0, False: 0}
    for session in sessions:
        rounds[session.complete] += sum(len(one.rounds) for one in session.measurements)
    return sum(session.complete for session in sessions), rounds[True], rounds[False]


def wait_for(is_so: Callable[[], bool], command: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, or the command has ended."""
    while command.poll() is None and not is_so():
        time.sleep(0.5)


def exported(folder: Path) -> int:
    """Return how many files are kept."""
    return len(list(folder.glob("artifacts/*/*/outcome.json")))


def has_a_round(store: Path, selector: str) -> bool:
    """Return whether a session that is not complete has a round on a phone."""
    if not store.exists():
        return False
    with Store(store) as opened:
        newest = opened.sessions(Filter(device=selector))[-1:]
    return any(one.rounds for each in newest if not each.complete for one in each.measurements)


def on_ray(folder: Path, some: list[Phone], out: str, half: int | None = None) -> dict[str, Any]:
    """Run the farm on two Ray nodes; return what it prints.

    Args:
        folder: Where the sweep file is.
        some: Four phones.
        out: Name of the folder for files, and of the store.
        half: How many files must be there before things break; None for a run without faults.
    """
    # Ray's workers give way to everything else on a machine, by nice 15, and one process does not.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - as Ray writes it
    from ray.cluster_utils import Cluster

    names = [f"adb:{phone.serial}" for phone in some]
    small = {"num_cpus": 1, "object_store_memory": 80 << 20, "memory": 4 << 30}
    head = {**small, "resources": {names[0]: 1, names[1]: 1}, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    second = cluster.add_node(**small, resources={names[2]: 1, names[3]: 1})
    store = folder / f"{out}.sqlite"
    words = ["farm", "sweep.toml", "--out", out, "--store", str(store), "--json"]
    program = [sys.executable, "-c", "from edgeship.cli import main; main()", "bench"]
    began = time.monotonic()
    try:
        command = subprocess.Popen(
            [*program, *words, "--engine", "ray", "--address", cluster.address],
            cwd=folder,
            stdout=subprocess.PIPE,
        )

        def break_things() -> None:
            if half is None:
                return
            wait_for(lambda: exported(folder / out) >= half, command)
            cluster.remove_node(second, allow_graceful=False)
            print(f"{time.monotonic() - began:.0f} s: the second node is killed", flush=True)
            wait_for(lambda: has_a_round(store, names[0]), command)
            some[0].unplug()
            print(f"{time.monotonic() - began:.0f} s: {names[0]} loses its cable", flush=True)

        breaking = threading.Thread(target=break_things)
        breaking.start()
        printed, _ = command.communicate()
        breaking.join()
    finally:
        cluster.shutdown()
    return {**json.loads(printed), "seconds": time.monotonic() - began, "code": command.returncode}


def in_one_process(folder: Path, files: list[Path], phone: Phone) -> dict[str, Any]:
    """Export and measure everything in one process, on one phone; return what `on_ray` does."""
    work = f"""
import sys
from pathlib import Path
from _edgeship.device_bench.devices.find import find
from _edgeship.device_bench.measurement.session import measure
from _edgeship.device_bench.measurement.settings import MeasurementOptions
from _edgeship.device_bench.runners.find import runner
from _edgeship.device_bench.store.store import Filter, Store
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export

device = find("adb:{phone.serial}")
settings = MeasurementOptions(rounds=2, runs=3, seconds=0, warmup=0).settings(device)
with Store(Path("one.sqlite")) as store:
    for file in sys.argv[1:]:
        made = export(Request(file, schemes={SCHEMES!r}, out=Path("one") / Path(file).stem))
        wanted = [path for path in made.files if path.suffix == ".tflite"]
        measure(device, [runner("native")], wanted, settings, command="", on_event=store.listener)
"""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", work, *map(str, files)], cwd=folder, check=True)
    return {"seconds": time.monotonic() - began, "code": 0}


def show(run: str, found: dict[str, Any], store: Path, count: int) -> None:
    """Print what a run did, and what of it twice."""
    complete, rounds, cut_short = measured(store)
    print(
        f"{run}: {found['seconds']:.0f} s, exit code {found['code']}, "
        f"load of this machine now: {os.getloadavg()[0]:.1f}"
    )
    print(
        f"  sessions complete: {complete} of {count} with {rounds} rounds; "
        f"rounds of jobs that were cut short, which are kept: {cut_short}",
        flush=True,
    )
    if "files" not in found:
        return
    wanted = [one for one in found["files"] if one["status"] == "ok"]
    done = [one for one in found["measured"] if one["status"] == "ok"]
    print(
        f"  files: {len(wanted)} of {count * len(SCHEMES)} ok; "
        f"exports run: {found['exports_started']}, again: {found['exports_again']}"
    )
    print(f"  phone jobs: {len(done)} of {count} done, again: {found['measured_again']}")
    for phone in found["phones"]:
        print(f"    {phone['selector']}: {phone['jobs']} jobs, {phone['state']}", flush=True)


def main() -> None:
    """Run it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--runs", default="one,farm,faults")
    options = parser.parse_args()
    count, runs = options.networks, options.runs.split(",")
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, phones(4) as some:
        folder = Path(name)
        files = [folder / f"net{place:02}.onnx" for place in range(count)]
        for place, file in enumerate(files):
            network(file, 4 + place)
        listed = ", ".join(f'"{file.name}"' for file in files)
        (folder / "sweep.toml").write_text(SWEEP.format(networks=listed))
        # Faults come last: a phone that lost its cable is of no use to other runs.
        for run in (run for run in ("one", "farm", "faults") if run in runs):
            half = count * len(SCHEMES) // 2 if run == "faults" else None
            found = (
                in_one_process(folder, files, some[0])
                if run == "one"
                else on_ray(folder, some, run, half)
            )
            show(run, found, folder / f"{run}.sqlite", count)
            seconds[run] = found["seconds"]
    for run in ("farm", "faults"):
        if "one" in seconds and run in seconds:
            print(f"{run} / one process: {seconds[run] / seconds['one']:.2f} of the time")


if __name__ == "__main__":
    main()
