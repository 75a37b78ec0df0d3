"""Makes packages: of a small program by coremltools, and by changing what a package holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from _edgeship.export.coreml.format.library import coremltools, deployment_target, quiet
from _edgeship.export.coreml.format.package import package_of

MODEL = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"

Files = dict[str, bytes]


def saved(
    build: Callable[..., Any],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    ios: int = 15,
    half: bool = False,
    **keywords: Any,
) -> Files:
    """The package of a program.

    Args:
        build: Computes the output from the inputs with coremltools' Builder.
        shapes: Shapes of the inputs, which are float32.
        ios: The oldest iOS.
        half: Whether to compute in float16.
        **keywords: For ``ct.convert``.
    """
    ct = coremltools()
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function, Program

    inputs = {name: Builder.placeholder(shape) for name, shape in shapes.items()}
    with Function(inputs, opset_version=deployment_target(ios)) as function:
        function.set_outputs([build(**function.inputs)])
    program = Program()
    program.add_function("main", function)
    precision = ct.precision.FLOAT16 if half else ct.precision.FLOAT32
    with quiet():
        return package_of(
            ct.convert(
                program,
                convert_to="mlprogram",
                minimum_deployment_target=deployment_target(ios),
                compute_precision=precision,
                skip_model_load=True,
                **keywords,
            )
        )


def changed(files: Mapping[str, bytes], change: Callable[[Any], None]) -> Files:
    """The package with its protobuf message changed."""
    coremltools()
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model.FromString(files[MODEL])
    change(model)
    return {**files, MODEL: model.SerializeToString(deterministic=True)}


def block_of(model: Any) -> Any:
    """The code of the function ``main``."""
    function = model.mlProgram.functions["main"]
    return function.block_specializations[function.opset]


def operator(model: Any, kind: str, number: int = 0) -> Any:
    """The message of an operator."""
    return [one for one in block_of(model).operations if one.type == kind][number]


def constant(model: Any, name: str) -> Any:
    """The ``Value`` message of a constant."""
    (found,) = [one for one in block_of(model).operations if one.outputs[0].name == name]
    return found.attributes["val"]


def argument(model: Any, one: Any, parameter: str) -> Any:
    """The ``Value`` message of a constant argument, whether in place or from a ``const``."""
    if parameter in one.attributes:
        return one.attributes[parameter]
    binding = one.inputs[parameter].arguments[0]
    if binding.WhichOneof("binding") == "value":
        return binding.value
    return constant(model, binding.name)


def rand(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
