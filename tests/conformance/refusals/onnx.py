"""What ONNX Runtime, or the ONNX target, cannot run.

Which kernels ONNX Runtime has is for its makers to say: these reasons go by its words alone. The
page of the manual holds the counts, so that a case more is noticed.
"""

from __future__ import annotations

from tests.conformance.refusals.refusal import ANY, Refusal

REFUSALS = (
    Refusal(
        "the operator set is newer than this ONNX Runtime",
        "ValidateOpsetForDomain",
        ANY,
    ),
    Refusal(
        "the file format is newer than this ONNX Runtime",
        "Unsupported model IR version",
        ANY,
    ),
    Refusal(
        "ONNX Runtime does not know the operator, or one of its attributes or types",
        "INVALID_GRAPH",
        ANY,
    ),
    Refusal(
        "ONNX Runtime does not know the operator, or one of its attributes or types",
        "is not a registered function/op",
        ANY,
    ),
    Refusal(
        "ONNX Runtime has no kernel for these types",
        "NOT_IMPLEMENTED",
        ANY,
    ),
    Refusal(
        "ONNX Runtime's kernel does not take these attributes, types or shapes",
        "Exception during initialization",
        ANY,
    ),
    Refusal(
        "ONNX Runtime's kernel does not take these attributes, types or shapes",
        "Non-zero status code",
        ANY,
    ),
    Refusal(
        "float64 is computed in float32, which has other bits",
        "BitCast requires input and output types to have the same bit-width",
        ("test_bitcast_float64_to_int64", "test_bitcast_int64_to_float64"),
    ),
)
