from __future__ import annotations

import gc

import pytest

from _edgeship.export.coreml.format.library import deployment_target, frozen_heap
from _edgeship.export.coreml.schemes import IOS


def test_the_heap_is_frozen_inside_of_the_block_only() -> None:
    gc.unfreeze()  # what other tests have frozen
    before = gc.get_freeze_count()
    with frozen_heap():
        assert gc.get_freeze_count() > before + 100_000
    assert gc.get_freeze_count() == before
    with pytest.raises(KeyError), frozen_heap():
        raise KeyError
    assert gc.get_freeze_count() == before


def test_every_ios_has_a_deployment_target() -> None:
    assert [deployment_target(ios).name for ios in IOS] == ["iOS15", "iOS16", "iOS17", "iOS18"]
