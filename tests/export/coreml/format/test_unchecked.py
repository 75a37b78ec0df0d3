"""Programs that are not checked give the packages that checked ones give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.format.library import quiet
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.format.unchecked import compressed, empty_program
from tests.export.coreml.compressing import converted, network
from tests.export.coreml.ops.harness import lower_model


def test_a_program_with_broken_wiring_is_accepted_and_others_are_still_checked() -> None:
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil.block import InvalidBlockStateError

    @Builder.program(input_specs=[Builder.TensorSpec((1,))])
    def checked(x: Any) -> Any:
        return Builder.relu(x=x)

    [x] = checked.functions["main"].inputs.values()
    x.add_child_op(checked.functions["main"].operations[0])
    with pytest.raises(InvalidBlockStateError, match="consumed"):
        checked.validate()
    program = empty_program()
    program.add_function("main", checked.functions["main"])
    program.validate()


def test_conversion_gives_the_same_package() -> None:
    from coremltools.converters.mil.mil import Program

    lowered = lower_model(network(), 17)
    checked = Program()
    checked.add_function("main", lowered.program.functions["main"])
    expected = package_of(convert(replace(lowered, program=checked), 17, "float16"))
    assert package_of(converted(17)) == expected


@pytest.mark.parametrize(
    ("kind", "ios"),
    [("linear_quantize_weights", 17), ("palettize_weights", 16), ("prune_weights", 18)],
)
def test_compression_gives_the_same_package(kind: str, ios: int) -> None:
    from coremltools.optimize import coreml as optimize

    settings = {
        "linear_quantize_weights": optimize.OpLinearQuantizerConfig(weight_threshold=0),
        "palettize_weights": optimize.OpPalettizerConfig(
            mode="uniform", nbits=4, weight_threshold=0
        ),
        "prune_weights": optimize.OpThresholdPrunerConfig(threshold=0.01, weight_threshold=0),
    }
    config = optimize.OptimizationConfig(global_config=settings[kind])
    with quiet():
        expected = package_of(getattr(optimize, kind)(converted(ios), config))
    found = package_of(compressed(converted(ios), kind, config))
    assert found == expected
    assert found != package_of(converted(ios))


def test_one_compression_after_another() -> None:
    from coremltools.optimize import coreml as optimize

    quantizer = optimize.OptimizationConfig(
        global_config=optimize.OpLinearQuantizerConfig(weight_threshold=0)
    )
    pruner = optimize.OptimizationConfig(
        global_config=optimize.OpThresholdPrunerConfig(
            threshold=0.0, minimum_sparsity_percentile=0.3, weight_threshold=0
        )
    )
    quantized = compressed(converted(18), "linear_quantize_weights", quantizer)
    with quiet():
        expected = package_of(optimize.prune_weights(quantized, pruner, joint_compression=True))
    found = package_of(compressed(quantized, "prune_weights", pruner, joint_compression=True))
    assert found == expected
    assert found != package_of(quantized)
