"""Saving a whole session."""

from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.store.store import Store


def save(store: Store, whole: Session) -> None:
    """Save a session that has ended."""
    store.begin(whole)
    store.finish(whole.id, whole.complete)
