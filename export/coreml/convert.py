"""From a lowered program to a ``coremltools.models.MLModel``, by coremltools' passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from _edgeship.errors import UnsupportedError
from _edgeship.export.coreml.format.library import coremltools, deployment_target, quiet
from _edgeship.export.coreml.lowering import Lowered

Precision = Literal["float32", "float16"]
Color = Literal["RGB", "BGR", "GRAYSCALE"]


def convert(
    lowered: Lowered,
    ios: int,
    precision: Precision,
    images: Mapping[str, Color] | None = None,
    labels: Sequence[str] = (),
    probabilities: str = "",
) -> Any:
    """Return the program as an ML program in its final form, weights included.

    Inputs and outputs keep their types, whatever is computed with: an application need not know.

    Args:
        lowered: The program. coremltools changes it in place, so it can be converted only once.
        ios: The oldest iOS that the package is to run on.
        precision: The type of floating point weights and of the arithmetic.
        images: Input name -> colours, for inputs that take pictures instead of arrays.
        labels: Names of the classes; if there are any, the package is a classifier.
        probabilities: Name of the output that holds a probability for each class.

    Returns:
        A ``coremltools.models.MLModel`` that is not loaded into Core ML.

    Raises:
        UnsupportedError: coremltools refuses the program.
    """
    ct = coremltools()
    images = images or {}
    inputs = [
        ct.ImageType(name=port.name, shape=port.shape, color_layout=_layout(ct, images[port.name]))
        if port.name in images
        else ct.TensorType(
            name=port.name,
            shape=lowered.shapes.get(port.name, port.shape),
            dtype=_dtype(port.dtype),
        )
        for port in lowered.io.inputs
    ]
    outputs = [ct.TensorType(name=p.name, dtype=_dtype(p.dtype)) for p in lowered.io.outputs]
    classifier = (
        ct.ClassifierConfig(list(labels), predicted_probabilities_output=probabilities)
        if labels
        else None
    )
    try:
        with quiet():
            return ct.convert(
                lowered.program,
                convert_to="mlprogram",
                inputs=inputs,
                outputs=outputs,
                classifier_config=classifier,
                minimum_deployment_target=deployment_target(ios),
                compute_precision=getattr(ct.precision, precision.upper()),
                pass_pipeline=_pipeline(ct),
                skip_model_load=True,
            )
    except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise UnsupportedError(
            "coremltools cannot make an ML program of this network.",
            why=str(error).strip() or type(error).__name__,
        ) from error


#: coremltools' passes that change what is computed. The first casts what gather and squeeze read
#: from int32 to int16, where the precision is float16, and does not check that it fits. The second
#: makes a batch norm of Mul and Add, and forgets that a batch norm adds its epsilon of 1e-5 to the
#: variance.
_LEFT_OUT = {"common::add_int16_cast", "common::fuse_elementwise_to_batchnorm"}


def _pipeline(ct: Any) -> Any:
    pipeline = ct.PassPipeline()
    pipeline.remove_passes(_LEFT_OUT)
    return pipeline


def _layout(ct: Any, color: Color) -> Any:
    return getattr(ct.colorlayout, color)


def _dtype(name: str) -> Any:
    from coremltools.converters.mil.mil import types

    return types.string_to_builtin({"float32": "fp32"}.get(name, name))
