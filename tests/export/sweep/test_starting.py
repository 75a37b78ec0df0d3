"""The engine that is asked for, and the sentence where it cannot be had."""

from __future__ import annotations

import pytest

from _edgeship.errors import InputError
from _edgeship.export.sweep import starting
from _edgeship.export.sweep.processes import Processes
from _edgeship.export.sweep.starting import start_engine


def test_without_ray_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(starting.util, "find_spec", lambda name: None)

    with pytest.raises(InputError) as caught:
        start_engine("ray", 10**9)

    assert caught.value.what == "--engine ray needs Ray, which is not installed."
    assert "pip install 'edgeship[farm]'" in caught.value.todo


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"name": "rey"}, "There is no engine 'rey'"),
        ({"name": "processes", "address": "auto"}, "--address goes with --engine ray only"),
        ({"name": "ray", "address": "ray://head:10001"}, "is of a Ray client"),
        ({"name": "ray", "jobs": 2}, "--jobs goes with --engine processes only"),
    ],
)
def test_options_that_do_not_go_together_are_named(words, what):
    with pytest.raises(InputError, match=what):
        start_engine(memory_bytes=10**9, **words)


def test_processes_have_room_for_as_many_as_asked_for():
    engine = start_engine("processes", 10**9, jobs=3)
    assert isinstance(engine, Processes)
    assert engine.room() == 3
    # At least one, even where one may take more than there is.
    assert start_engine("processes", 10**15).room() == 1
