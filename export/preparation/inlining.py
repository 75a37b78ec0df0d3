"""Functions that a file defines for itself are replaced by what they do."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.errors import InputError


def inline(model: ir.Model) -> None:
    """Replace every call of a function by the function's nodes, in place.

    A function may be written for another operator set than the model. Its nodes keep the version
    in `ir.Node.version`, and are upgraded by it.

    Raises:
        InputError: Functions call one another in a circle, or do not fit their calls.
    """
    for function in model.functions.values():
        version = function.opset_imports.get("")
        for node in function.all_nodes():
            if node.domain in ("", "ai.onnx"):
                node.version = version
        for domain in function.opset_imports:
            if domain in model.opset_imports:
                function.opset_imports[domain] = model.opset_imports[domain]
    try:
        common.InlinePass()(model)
    except Exception as error:  # the pass raises several kinds, wrapped into its own
        raise InputError(
            "The functions of the ONNX file do not fit together.",
            why=str(error.__cause__ or error),
            todo="inline them when the file is made, for example with onnx.inliner",
        ) from error
    model.functions.clear()
