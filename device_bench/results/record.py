"""The base of everything that is stored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records, which are immutable and refuse unknown fields.

    Infinity and NaN become strings in JSON; reading gives back the number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
