"""What the GPU accelerator takes of a file by rules, where it is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from _edgeship.export.delegates.gpu_rules import refusal
from _edgeship.export.delegates.operation import Operand, Operation
from _edgeship.export.delegates.partitions import on_one_piece, unpackers
from _edgeship.export.delegates.report import RULES, DelegateReport, Left
from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.writer import from_bytes

#: Why an operator stays that the accelerator could take.
APART = "the GPU could take it, but runs one connected piece of a file only"
UNPACKS = "it only unpacks a constant"


def gpu_by_rules(data: bytes) -> DelegateReport:
    """Return what the accelerator takes of a file, by `export.delegates.gpu_rules`.

    Args:
        data: The whole file.
    """
    model = from_bytes(data)
    found = operations(model)
    reasons = _reasons(found, set(unpackers(found)))
    piece = set(on_one_piece(found, [i for i, reason in enumerate(reasons) if not reason]))
    tensors = model.subgraphs[0].tensors
    left = tuple(
        Left(op.kind, reasons[place] or APART, place, name_of(tensors[op.outputs[0].tensor]))
        for place, op in enumerate(found)
        if place not in piece
    )
    return DelegateReport("GPU", len(found), len(piece), min(1, len(piece)), left, source=RULES)


def _reasons(found: Sequence[Operation], unpacking: set[int]) -> list[str]:
    """Return why each operator is refused, "" for those that are taken."""
    packed = {
        op.outputs[0].tensor: op.read[0] for place, op in enumerate(found) if place in unpacking
    }
    reasons = []
    for place, op in enumerate(found):
        if place in unpacking:
            reasons.append(UNPACKS)
            continue
        rule = refusal(replace(op, inputs=tuple(_packed(one, packed) for one in op.inputs)))
        reasons.append("" if rule is None else rule.reason)
    return reasons


def _packed(one: Operand | None, packed: dict[int, Operand]) -> Operand | None:
    """Return the constant of float16 in place of what an operator unpacks it to."""
    return None if one is None else packed.get(one.tensor, one)
