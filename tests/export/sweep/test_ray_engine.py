"""Jobs on a Ray cluster of two nodes on this machine, one of which is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from _edgeship.errors import InputError
from _edgeship.export.sweep.jobs import Job, Message, Outcome
from tests.export.sweep.jobs_to_run import HERE
from tests.export.sweep.test_limited import is_gone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster with a node for each of two phones."""
    pytest.importorskip("ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80 << 20, "memory": 2 * 10**9}
    head = {**small, "resources": {"adb:A": 1}, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    made.second = made.add_node(**small, resources={"adb:B:5555": 1})
    yield made
    made.shutdown()


def job(name: str, function: str, root: Path, **changes: Any) -> Job:
    known = {"payload": {}, "memory_bytes": 10**9, "seconds": 60.0, "root": root}
    return Job(**{"id": name, "function": f"{HERE}:{function}", **known, **changes})


@pytest.mark.parametrize(
    ("address", "why"),
    [("127.0.0.1:9", "Connection refused"), ("nowhere", "it is not of the form HOST:PORT")],
)
def test_a_cluster_that_does_not_answer_is_named(address, why):
    pytest.importorskip("ray")
    from _edgeship.export.sweep.ray_engine import RayEngine

    with pytest.raises(InputError, match=f"No Ray cluster answers at {address}") as caught:
        RayEngine(address)

    assert why in caught.value.why


def test_a_node_with_other_versions_is_named(monkeypatch):
    pytest.importorskip("ray")
    from _edgeship.export.sweep import ray_engine

    here = {"torch": "2.9.0", "the code of edgeship": 64 * "0"}
    monkeypatch.setattr(ray_engine, "this_machine", lambda: here)

    assert ray_engine._other(here) == ""
    assert ray_engine._other({"torch": "2.8.0"}) == "torch (2.9.0, not 2.8.0)"
    assert ray_engine._other({"the code of edgeship": 64 * "1"}) == "the code of edgeship"


def test_jobs_run_on_nodes_and_those_of_a_lost_node_are_said_to_be_lost(cluster, tmp_path):
    from _edgeship.export.sweep.ray_engine import RayEngine

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("travels")
    engine = RayEngine(cluster.address)
    try:
        assert engine.room() == 4
        assert engine.devices() == ["adb:A", "adb:B:5555"]
        asked = [
            job("files", "read", tmp_path, payload={"names": ["in/a.txt"]}, inputs=("in/a.txt",)),
            job("made", "answer", tmp_path, payload={"text": "x"}, result=tmp_path / "result"),
            job("large", "answer", tmp_path, payload={"text": "x"}, memory_bytes=10**13),
            job("A", "answer", tmp_path, payload={"text": "A"}, device="adb:A"),
            job("B", "sleep", tmp_path, payload={"seconds": 60}, device="adb:B:5555"),
            job("B2", "answer", tmp_path, payload={"text": "B"}, device="adb:B:5555"),
        ]
        for one in asked:
            engine.submit(one)
        found: dict[str, Outcome] = {}
        pids: list[int] = []
        while len(found) < len(asked):
            for came in engine.wait(1.0):
                if isinstance(came, Outcome):
                    found[came.job] = came
                elif isinstance(came, Message) and came.job == "B":
                    pids.append(came.value["pid"])
            if len(pids) == 2 and len(found) == 4 and cluster.second is not None:
                cluster.remove_node(cluster.second, allow_graceful=False)
                cluster.second = None
        assert not engine.has("adb:B:5555")
    finally:
        engine.close()

    assert found["files"].value == {"in/a.txt": "travels"}
    assert (tmp_path / "result" / "made.txt").read_text() == "x"
    assert found["A"].value["length"] == 1
    assert found["A"].node
    assert found["large"].ending == "died"
    assert "No node has the 1e+04 GB of memory" in found["large"].why
    # Its messages came before the node died; the one that waited for the phone is lost, too.
    assert [found[name].ending for name in ("B", "B2")] == ["lost", "lost"]
    assert all(map(is_gone, pids))
