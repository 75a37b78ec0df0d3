"""Messages of errors: every part is shown, and none at a length that nobody reads."""

from __future__ import annotations

from _edgeship.errors import InputError


def test_every_part_has_its_line() -> None:
    error = InputError("It is broken.", where="a.onnx", why="a bit is missing", todo="add it")
    assert str(error).splitlines() == [
        "It is broken.",
        "  where: a.onnx",
        "  why: a bit is missing",
        "  do: add it",
    ]


def test_of_names_that_fill_screens_the_middle_is_left_out() -> None:
    name = f"first{'[' * 100_000}last"
    shown = str(InputError(f"There is no {name}.", why=f"classes are {name}", todo="name one"))
    what, why, todo = shown.splitlines()
    assert what.startswith("There is no first[[")
    assert what.endswith("[[last.")
    assert why.endswith("[[last")
    assert todo == "  do: name one"
    assert len(shown) < 9_000
