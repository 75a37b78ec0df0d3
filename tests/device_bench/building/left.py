"""What building leaves in the cache."""

from __future__ import annotations

from pathlib import Path


def left_in(cache: Path) -> list[str]:
    """Names of what was built and of what was left behind."""
    return sorted(path.name for path in (cache / "built").iterdir() if path.suffix != ".lock")
