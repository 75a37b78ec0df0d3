"""Which layer of the network each operator of a profile computes.

XNNPACK names its operators by their kernels, and keeps the order of what it takes: the first
convolution or matrix product in the profile is the first that runs (`layer_order.py`), and so on.
"""

from __future__ import annotations

from _edgeship.device_bench.measurement.layer_order import in_order
from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.export.advice.from_tflite import layer_names, read_tflite_steps

# How the names of convolutions and matrix products begin in profiles, XNNPACK's and TFLite's own.
_LAYERS = (
    *("Batch Matrix Multiply", "Convolution", "Deconvolution", "Fully Connected"),
    *("BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"),
)


def is_layer(op: Op) -> bool:
    """Return whether an operator of a profile is a convolution or a matrix product."""
    return op.name.startswith(_LAYERS)


def with_layers(profile: Profile, data: bytes) -> Profile:
    """Return a profile whose operators say which layer they compute.

    Args:
        profile: The profile of a file.
        data: The bytes of that file.

    Returns:
        The same profile where it has another number of layers than the file.

    Raises:
        InputError: The file cannot be read.
    """
    names = layer_names(data)
    if len(names) != sum(map(is_layer, profile.ops)):
        return profile
    network = read_tflite_steps(data, "")
    layers = [step for step in network.steps if step.kind == "layer"]
    named = {id(step): name for step, name in zip(layers, names, strict=True)}
    ran = in_order(network, data, profile).steps
    left = iter([named[id(step)] for step in ran if step.kind == "layer"])
    ops = tuple(
        op.model_copy(update={"layer": next(left)}) if is_layer(op) else op for op in profile.ops
    )
    return profile.model_copy(update={"ops": ops})
