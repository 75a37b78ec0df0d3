"""What happens to queries when the process in which they run crashes, hangs or never starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.export.delegates import process
from _edgeship.export.delegates.process import answers
from _edgeship.export.delegates.query import Query
from _edgeship.export.delegates.vulkan import Vulkan

#: Answers each query by what its file says.
PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
lines = (folder / "answers.jsonl").open("w")
for index, query in enumerate(job["queries"]):
    (folder / f"{index}.log").write_text(f"Selected adapter: Card {index}, arch=x, adapterType=GPU")
    signal.alarm(job["limit_s"])
    order = (folder / query["file"]).read_text()
    if order == "crash":
        os.kill(os.getpid(), signal.SIGILL)
    if order == "hang":
        time.sleep(60)
    if order == "exit":
        sys.exit("no accelerator")
    refused = None if order == "fine" else "ERROR: [a.cc:1]\\n\\u2514 not for me"
    lines.write(json.dumps({"refused": refused}) + "\\n")
    lines.flush()
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    monkeypatch.setattr(process, "_PROGRAM", path)


def ask(*orders: str, limit_s: int = 30) -> list[str]:
    queries = [Query(order.encode()) for order in orders]
    return [one.problem for one in answers(Vulkan("a test"), queries, limit_s)]


def test_answers_come_in_order() -> None:
    assert ask("fine", "refuse", "fine") == ["", "not for me", ""]


def test_a_crash_is_a_sentence_and_costs_the_others_nothing() -> None:
    crash = "its process was ended by the signal SIGILL"
    assert ask("fine", "crash", "fine", "crash") == ["", crash, "", crash]


def test_a_hang_ends_with_the_time_limit() -> None:
    assert ask("hang", "fine", limit_s=1) == ["it did not finish within 1 s", ""]


def test_the_last_words_of_a_process_are_told() -> None:
    assert ask("exit") == ["its process ended itself with exit code 1: no accelerator"]


def test_each_query_has_its_own_log() -> None:
    found = list(answers(Vulkan("a test"), [Query(b"fine"), Query(b"crash"), Query(b"fine")]))
    # The third is the first of the second process.
    assert [one.log.device for one in found] == ["Card 0", "Card 1", "Card 0"]
    assert [one.died for one in found] == [False, True, False]
