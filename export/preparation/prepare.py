"""From an ONNX model as people bring it to a graph whose every value has a static shape and type.

What later stages may rely on: operator set 18 or newer; no functions, no control flow and no
sequences; float32 for all floating types; every initializer a constant and no input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import onnx
import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.errors import EdgeshipError
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.unsupported import Unhandled
from _edgeship.export.preparation import (  # noqa: F401  (they fill the table of rules)
    control,
    fused_activations,
    fused_attention,
    fused_layers,
    fused_norms,
    sequences,
    simple_rules,
    upgrade_attributes,
    upgrade_broadcasts,
    upgrade_others,
    upgrade_resize,
    upgrade_softmax,
)
from _edgeship.export.preparation.budgets import check_budget
from _edgeship.export.preparation.cleaning import clean, sweep
from _edgeship.export.preparation.floats import DOUBLE, HALF, drop_casts, to_float32
from _edgeship.export.preparation.given import Given
from _edgeship.export.preparation.inference import schema_of, version_of
from _edgeship.export.preparation.inlining import inline
from _edgeship.export.preparation.inputs import NEWEST_IR, fix_inputs
from _edgeship.export.preparation.quantized import take_scales
from _edgeship.export.preparation.refusals import NCHWC, for_one_processor
from _edgeship.export.preparation.soundness import check, check_names, explain, unreadable
from _edgeship.export.preparation.validation import validate
from _edgeship.export.preparation.walk import OLDEST, Walk

#: Files of this version may hold operator set 18.
_OLDEST_IR = 8


@dataclass(frozen=True)
class Prepared:
    """A prepared graph.

    Attributes:
        model: The graph.
        notes: What to tell the user about it.
        half: Whether the model computes in 16 bits, and the graph in 32.
        given: The scales of a file that was quantized before.
    """

    model: ir.Model
    notes: tuple[str, ...]
    half: bool = False
    given: Given | None = None


def prepare(proto: onnx.ModelProto, shapes: Sequence[Shape] | Mapping[str, Shape] = ()) -> Prepared:
    """Prepare an ONNX model; the one given is left as it is.

    Args:
        proto: The model, with its external data loaded.
        shapes: Shape of each input in the file's order or by its name, or nothing to use the file's
            own.

    Raises:
        InputError: An axis is open that ``shapes`` does not fix, or the graph does not fit
            together.
        UnsupportedError: A shape depends on what the network is fed, or an operator is unknown.
    """
    validate(proto)
    fixed, notes = fix_inputs(proto, shapes)
    prepared = prepare_fixed(fixed)
    return replace(prepared, notes=(*notes, *prepared.notes))


def prepare_fixed(fixed: onnx.ModelProto) -> Prepared:
    """Prepare a model whose inputs have fixed shapes; see `prepare`."""
    try:
        return _prepare_sound(fixed)
    except Exception as error:
        if isinstance(error, EdgeshipError) and not isinstance(error.__cause__, Unhandled):
            raise
        refused = explain(fixed, error)
        if refused is None:
            raise
        raise refused from error


def _prepare_sound(fixed: onnx.ModelProto) -> Prepared:
    check_names(fixed)
    try:
        model = ir.from_proto(fixed)
    except ir.serde.SerdeError as error:
        raise unreadable(error) from error
    for node in model.graph:
        if node.domain == NCHWC:
            raise for_one_processor(node)
    _flatten(model)
    given = take_scales(model)
    half = to_float32(model, HALF)
    double, notes = _settle(model)
    precisions = [
        f"The file computes in {dtype.name.lower()}; it was exported in float32."
        for dtype in (*half, *double)
    ]
    return Prepared(model, (*precisions, *notes), half=bool(half), given=given)


def prepare_captured(model: ir.Model) -> ir.Model:
    """Return a graph that PyTorch exported as `prepare` would, and leave the one given as it is.

    Casts to 16 bits stay: PyTorch is run in float32, and a module that rounds does so on purpose.

    Raises:
        UnsupportedError: A shape depends on what the network is fed, or an operator is unknown.
    """
    copied = ir.from_proto(ir.to_proto(model))
    _flatten(copied)
    _settle(copied)
    return copied


def _flatten(model: ir.Model) -> None:
    """Leave no functions and no constants but initializers, and no nodes that no output needs."""
    inline(model)
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.LiftSubgraphInitializersToMainGraphPass()(model)
    check(model)
    sweep(model.graph)


def _settle(model: ir.Model) -> tuple[list[ir.DataType], list[str]]:
    """Walk over a model, in place; return the types that became float32 after that, and notes."""
    walk = Walk(model)
    walk.run()
    clean(model.graph, walk.knowledge)
    # Not before the walk: positions and sizes are computed in double where a file does so.
    double = to_float32(model, DOUBLE)
    drop_casts(model.graph)
    sweep(model.graph)
    check_budget(model.graph)
    model.opset_imports[""] = _oldest_version(model)
    model.ir_version = min(max(model.ir_version or 0, _OLDEST_IR), NEWEST_IR)
    return double, walk.notes


def _oldest_version(model: ir.Model) -> int:
    """Return the oldest operator set, from 18 on, that has all nodes in this form."""
    imports = {**model.opset_imports, "": max(OLDEST, model.opset_imports.get("", 1))}
    schemas = [schema_of(node, imports) for node in model.graph if not node.domain]
    return max([OLDEST, *(version_of(schema) for schema in schemas if schema is not None)])
