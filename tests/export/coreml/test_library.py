from __future__ import annotations

import gc
from typing import Any

import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreml.format.library import deployment_target, frozen_heap, unchecked_passes


def test_the_heap_is_frozen_inside_of_the_block_only() -> None:
    before = gc.get_freeze_count()
    with frozen_heap():
        assert gc.get_freeze_count() > before + 100_000
    assert gc.get_freeze_count() == before
    with pytest.raises(KeyError), frozen_heap():
        raise KeyError
    assert gc.get_freeze_count() == before


def test_programs_are_unchecked_inside_of_the_block_only() -> None:
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil.block import InvalidBlockStateError

    @Builder.program(input_specs=[Builder.TensorSpec((1,))])
    def program(x: Any) -> Any:
        return Builder.relu(x=x)

    [x] = program.functions["main"].inputs.values()
    x.add_child_op(program.functions["main"].operations[0])
    with unchecked_passes():
        program.validate()
    with pytest.raises(InvalidBlockStateError, match="consumed"):
        program.validate()


def test_a_deployment_target_that_is_no_ml_program_is_refused() -> None:
    assert deployment_target(18).name == "iOS18"
    with pytest.raises(InputError, match="There is no deployment target '14'"):
        deployment_target(14)
