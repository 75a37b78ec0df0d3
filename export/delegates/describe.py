"""``python -m _edgeship.export.delegates.describe`` prints what GPU accelerator is here, as JSON.

`doctor` starts it, so that it imports nothing heavy itself.
"""

from __future__ import annotations

import json

from _edgeship.errors import InputError
from _edgeship.export.delegates.accelerator import find_accelerator


def describe() -> dict[str, object]:
    """Return what `verify --runtime gpu` runs on here, or what is missing for it."""
    try:
        return {**find_accelerator().describe(), "missing": None, "install": None}
    except InputError as error:
        return {"device": None, "missing": error.why, "install": error.todo}


if __name__ == "__main__":
    print(json.dumps(describe()))
