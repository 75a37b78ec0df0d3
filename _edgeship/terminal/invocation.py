"""How the user called us: by which name, with which words, and how much they want to read."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from _edgeship.terminal.passwords import without_passwords

#: The commands of `edgeship`, as messages in the code name them: by what runs in a checkout.
FORMS = {
    "python -m export": "edgeship export",
    "python -m models": "edgeship models",
    "python -m device_bench": "edgeship bench",
}


@dataclass(frozen=True)
class Invocation:
    """One call of a command line.

    Attributes:
        program: What the user typed before the words, such as ``edgeship export``.
        words: The words behind it.
        debug: Whether an error is to come with its traceback.
        quiet: Whether to print nothing but the result.
        verbose: Whether to print more than usual.
    """

    program: str
    words: tuple[str, ...] = ()
    debug: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def command(self) -> str:
        """The whole command line, as a shell takes it, without passwords."""
        return f"{self.program} {shlex.join(map(without_passwords, self.words))}".strip()


_CURRENT: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(invocation: Invocation) -> Callable[[], None]:
    """Make this the call that is being answered; return what ends that."""
    token = _CURRENT.set(invocation)
    return lambda: _CURRENT.reset(token)


def current() -> Invocation:
    """Return the call that is being answered; one without words where there is none."""
    return _CURRENT.get() or Invocation("edgeship")


def as_typed(text: str) -> str:
    """Return a text with its commands in the form that the user typed theirs in.

    Messages in the code say ``python -m export``. Whoever typed ``edgeship export`` may stand in a
    folder where that would run something else.
    """
    call = _CURRENT.get()
    if call is not None and call.program in FORMS.values():
        for module, installed in FORMS.items():
            text = text.replace(module, installed)
    return text
