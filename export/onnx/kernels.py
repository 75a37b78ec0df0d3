"""Which operators ONNX Runtime computes in integers, and what becomes of the others.

The table follows ``qdq_selector_action_transformer.cc`` of ONNX Runtime, which puts an integer
kernel in the place of an operator between DequantizeLinear and QuantizeLinear. An operator that is
missing there is computed in float whatever stands around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from _edgeship.export.network.torch_export import OPSET

#: Operators that are written for an integer kernel in int8 files -> what computes them.
KERNELS = {
    "Add": "QLinearAdd",
    "AveragePool": "QLinearAveragePool",
    "Clip": "the range of what is before it",
    "Concat": "QLinearConcat",
    "Conv": "QLinearConv",
    "Flatten": "Flatten on integers",
    "Gather": "Gather on integers",
    "Gemm": "QGemm",
    "GlobalAveragePool": "QLinearGlobalAveragePool",
    "LeakyRelu": "QLinearLeakyRelu",
    "MatMul": "QLinearMatMul",
    "MaxPool": "MaxPool on integers",
    "Mul": "QLinearMul",
    "ReduceMax": "ReduceMax on integers",
    "ReduceMin": "ReduceMin on integers",
    "Relu": "the range of what is before it",
    "Reshape": "Reshape on integers",
    "Resize": "Resize on integers if nearest, float if not",
    "Sigmoid": "QLinearSigmoid",
    "Slice": "Slice on integers",
    "Softmax": "QLinearSoftmax",
    "Split": "Split on integers",
    "Squeeze": "Squeeze on integers",
    "Transpose": "Transpose on integers",
    "Unsqueeze": "Unsqueeze on integers",
}

#: Operators whose weights are stored in 8 bits, and which only other execution providers than the
#: CPU's compute in integers.
WEIGHTS_ONLY = {"ConvTranspose": "float on the CPU, from int8 weights"}

#: Operators that keep the numbers of one input, so that one range fits what goes in and comes out.
#: Pad and the last two would be integers, too, had they a kernel.
MOVING = (
    "Flatten",
    "Gather",
    "MaxPool",
    "ReduceMax",
    "ReduceMin",
    "Reshape",
    "Resize",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
    "Pad",
    "DepthToSpace",
    "SpaceToDepth",
)


def phrases() -> dict[str, str]:
    """Return ONNX operator -> what becomes of it, in a phrase.

    These are the operators on float32 tensors that ONNX had in the version that networks are
    captured in. Every export runs its files, so a case for which ONNX Runtime has no kernel shows.
    """
    computed = dict.fromkeys(_on_floats(), "float") | KERNELS | WEIGHTS_ONLY
    return {op: f"as it is; in int8: {how}" for op, how in sorted(computed.items())}


def _on_floats() -> Iterator[str]:
    """Yield the names of operators whose first input can be float32, and that return tensors."""
    import onnx

    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain or schema.deprecated or schema.since_version > OPSET or not schema.inputs:
            continue
        takes, gives = schema.inputs[0].types, schema.outputs[0].types if schema.outputs else ()
        if "tensor(float)" in takes and any(one.startswith("tensor(") for one in gives):
            yield schema.name
