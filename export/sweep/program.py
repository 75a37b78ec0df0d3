"""What runs in the process of a job: it calls one function and says what that returned.

The job comes as a line on standard input, which stays open: its end means that whoever asked is
dead, and the process ends with all that it has started. Answers are lines on the pipe whose number
is the first argument.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from _edgeship.errors import EdgeshipError

#: Above the number of any file that is open so early.
_MOST_OPEN = 1024

Tell = Callable[[Mapping[str, Any]], None]
Function = Callable[[Mapping[str, Any], Path, Tell], Mapping[str, Any]]


def main() -> None:
    """Do the job."""
    _end_group_with_us()
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    answers = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")

    def say(kind: str, value: Mapping[str, Any]) -> None:
        answers.write(json.dumps({kind: value}) + "\n")
        answers.flush()

    module, _, name = order["function"].partition(":")
    try:
        function: Function = getattr(importlib.import_module(module), name)
        say(
            "returned",
            function(order["payload"], Path(order["folder"]), lambda value: say("message", value)),
        )
    except EdgeshipError as error:
        say("returned", {"error": error_to_json(error)})
    except MemoryError:
        say("memory", {})
    except Exception as error:
        traceback.print_exc()
        say("raised", {"why": f"{type(error).__name__}: {' '.join(str(error).split())}"})


def error_to_json(error: EdgeshipError) -> dict[str, Any]:
    """Return an error of ours in JSON types; `error_from_json` reads them."""
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "todo": error.todo,
        "code": error.exit_code,
    }


def error_from_json(value: Mapping[str, Any]) -> EdgeshipError:
    """Return the error that `error_to_json` wrote, as one of the whole family with its code."""
    error = EdgeshipError(value["what"], where=value["where"], why=value["why"], todo=value["todo"])
    error.exit_code = int(value["code"])
    return error


def _end_group_with_us() -> None:
    """Leave a small process that kills what we have started when we have died, however that was.

    Ray kills a job's own process with its worker, and Linux kills one that takes too much memory:
    neither asks for its children.
    """
    theirs, _ours = os.pipe()
    group = os.getpid()
    if os.fork():
        os.close(theirs)
        return  # the other end is closed by nothing but our end
    os.setsid()
    # Whatever else we hold open, such as pipes to whoever waits for its end.
    os.dup2(theirs, 0)
    os.closerange(1, _MOST_OPEN)
    os.read(0, 1)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    os._exit(0)


def _die_with_parent() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)
