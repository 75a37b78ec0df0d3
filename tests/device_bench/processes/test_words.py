"""The end of a program in words."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.words import last_lines, last_words


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Completed(1, "out", "one\n\ntwo\nthree\nfour\n"), "two | three | four (exit code 1)."),
        (Completed(3, "only out\n", " \n"), "only out (exit code 3)."),
        (Completed(0, "", ""), "It said nothing (exit code 0)."),
        (Completed(139, "", "x"), "x (killed by signal 11)."),
    ],
)
def test_errors_come_before_output(done: Completed, words: str) -> None:
    assert last_words(done) == words


def test_a_kill_names_its_usual_cause() -> None:
    assert "lack of memory" in last_words(Completed(137, "", ""))


def test_foreign_text_is_cut_and_cleaned() -> None:
    assert last_lines("\x1b[2Jhello\x07") == "?[2Jhello?"
    assert last_lines("x" * 10_000 + "end").endswith("xend")
    assert len(last_lines("x" * 10_000)) == 400
