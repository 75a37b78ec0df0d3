"""Turns of farms that share a store, and what else of a sweep they keep there."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from _edgeship.device_bench.store.store import Store
from _edgeship.errors import InputError
from _edgeship.export.sweep.evaluated import Evaluated, Kept

#: How often a lease is renewed before it runs out.
_RENEWALS = 5


#: Seconds until others are asked again for jobs of a kind, when they had all.
_ASK_AGAIN = 0.5


class SharedTurns:
    """What a farm does of a sweep that others do, too: see `export.sweep.turns.Turns`.

    Args:
        store: What the farms share.
        out: The folder of exports: farms that see the same one make each file once.
        seconds: After which others do what this farm has taken, if it dies.
    """

    def __init__(self, store: Store, out: Path, seconds: float) -> None:
        owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._leases = store.leases(owner, seconds)
        self._every = seconds / _RENEWALS
        self._next = time.monotonic() + self._every
        self._place = _name_of(out)
        self._asked: dict[str, float] = {}

    def take(self, names: Sequence[str], most: int) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the jobs that are ours now, and others that ended: name -> why, if failed."""
        kind = names[0].partition("/")[0]
        if time.monotonic() < self._asked.get(kind, 0.0):
            return (), {}
        turn = self._leases.take(names, most)
        if not turn.ours and not turn.ended:
            self._asked[kind] = time.monotonic() + _ASK_AGAIN
        ended = {
            name: why or "Another farm could not do it." if state == "failed" else ""
            for name, (state, why) in turn.ended.items()
        }
        return turn.ours, ended

    def end(self, name: str, why: str = "") -> None:
        """Say how a job of ours ended: well, or why not."""
        self._leases.end(name, "failed" if why else "done", why)

    def give_back(self, name: str) -> None:
        """Let others have a job of ours."""
        self._leases.give_back(name)

    def place(self) -> str:
        """Return the name of the folder of exports, the same for all who see it."""
        return self._place

    def renew(self) -> None:
        """Keep what is ours, if it is time to."""
        if time.monotonic() >= self._next:
            self._leases.renew()
            self._next = time.monotonic() + self._every

    def close(self) -> None:
        """Let others have all that is ours: nothing of it is done any more."""
        self._leases.give_back_all()


@contextmanager
def shared(store: Store, out: Path, seconds: float) -> Iterator[SharedTurns]:
    """Yield the turns of this farm; at the end others may have what it has not done."""
    turns = SharedTurns(store, out, seconds)
    try:
        yield turns
    finally:
        # What ends the farm may be the store itself: then its leases run out.
        with contextlib.suppress(InputError):
            turns.close()


def _name_of(out: Path) -> str:
    """Return what a folder is called by all machines that see it: a word in a file in it."""
    place, fresh = out / "folder-name", out / f".folder-name-{secrets.token_hex(8)}"
    fresh.write_text(secrets.token_hex(8))
    with contextlib.suppress(FileExistsError):
        os.link(fresh, place)
    fresh.unlink()
    return place.read_text()


class KeptInStore:
    """Evaluations in the folder of a sweep and in the store, for others.

    Args:
        folder: ``--out`` of the sweep.
        store: What the farms share.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._kept = Kept(folder)
        self._store = store

    def find(self, key: str) -> Evaluated | None:
        """Return what was found for a key, by this farm or another one."""
        found = self._kept.find(key)
        if found is None:
            record = self._store.evaluation(key)
            return None if record is None else Evaluated.model_validate_json(record)
        self._store.keep_evaluation(key, found.sha256, found.model_dump_json())
        return found

    def keep(self, found: Evaluated) -> None:
        """Keep an evaluation in both."""
        self._kept.keep(found)
        self._store.keep_evaluation(found.key, found.sha256, found.model_dump_json())
