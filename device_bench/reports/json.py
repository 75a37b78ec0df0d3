"""A report as JSON: the records as they are, with every run, and the figures made from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.results.rows import rows

#: Incremented when a reader of an earlier version would be misled.
VERSION = 1


def render(sessions: Sequence[Session]) -> str:
    """Return the text: an object with "version" and "sessions".

    A session has the fields of `records.Session`. Each of its measurements also has "summary", with
    the fields of `statistics.Summary`, or null where no round was finished. Times are in the unit
    of the session's device. Infinity and NaN are strings.
    """
    # By way of text, since only in text infinity and NaN become strings.
    found = [json.loads(session.model_dump_json()) for session in sessions]
    measurements: list[dict[str, Any]] = [
        one for session in found for one in session["measurements"]
    ]
    for one, row in zip(measurements, rows(sessions), strict=True):
        one["summary"] = None if row.summary is None else asdict(row.summary)
    return json.dumps({"version": VERSION, "sessions": found}, allow_nan=False) + "\n"
