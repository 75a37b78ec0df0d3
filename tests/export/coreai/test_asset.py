"""What folders of Core AI say of themselves, where they are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreai.format.asset import metadata_of


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 100_000, "7", "\xff"])
def test_metadata_that_are_no_object_are_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match=r"metadata\.json (is no JSON|holds no object)"):
        metadata_of({"metadata.json": text.encode("latin-1")}, Path("net.aimodel"))
