"""The operators of the files that the cases become, asked about one by one of the delegates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from _edgeship.export.delegates.accelerator import Accelerator
from _edgeship.export.delegates.gpu_rules import refusal
from _edgeship.export.delegates.operation import Operation
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.delegates.xnnpack import xnnpack_report
from _edgeship.export.delegates.xnnpack_reasons import reason
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.single_operators import single_operator
from _edgeship.export.tflite.writer import from_bytes

#: How many operators of a kind are asked about for each rule that refuses them, and if none does.
_REFUSED, _TAKEN = 2, 4

#: What the rules say is taken, and the accelerator then cannot build: its faults, and no rules.
FAULTS = {
    ("BITCAST", "Failed to modify graph with delegate"),
    ("PRELU", "Failed to modify graph with delegate"),
}

#: An operator as a file of its own.
Single = tuple[Operation, bytes]


def chosen(files: Iterable[bytes]) -> list[Single]:
    """Return operators of all kinds: of each some that are taken, and some for each refusal."""
    counts: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    found: list[Single] = []
    for data in files:
        model = from_bytes(data)
        for index, one in enumerate(operations(model)):
            rule = refusal(one)
            key = one.kind, "" if rule is None else rule.reason
            if counts[key] >= (_TAKEN if rule is None else _REFUSED) or _shapes(one) in seen:
                continue
            alone = single_operator(model, index)
            # Alone, an operator may read what are constants of no elements as inputs.
            if alone is None or any(0 in operand.shape for operand in one.read):
                continue
            seen.add(_shapes(one))
            counts[key] += 1
            found.append((one, alone))
    return found


def disagreements(accelerator: Accelerator, singles: Sequence[Single]) -> list[str]:
    """Return the operators about which the rules and the accelerator say different things."""
    answers = accelerator.ask([Query(data) for _, data in singles])
    found = []
    for (one, _), answer in zip(singles, answers, strict=True):
        rule = refusal(one)
        if (rule is None) != _takes(answer) and (one.kind, answer.problem) not in FAULTS:
            shapes = [operand.shape for operand in one.read]
            said = answer.log.refusals or answer.problem or "taken"
            found.append(f"{one.kind} {shapes}: {said}, and by rules {rule and rule.reason}")
    return found


def groundless(singles: Sequence[Single]) -> list[str]:
    """Return the operators that XNNPACK takes though there is a reason why it should not."""
    found = []
    for one, data in singles:
        nodes = open_interpreter(data)._get_ops_details()
        taken = xnnpack_report(nodes, {}, lambda one=one: [one]).taken
        if taken and reason(one):
            found.append(f"{one.kind}: {reason(one)}")
    return found


def _takes(answer: Answer) -> bool:
    """Return whether the accelerator takes an operator; it may crash on what it takes."""
    return answer.died or not answer.problem


def _shapes(one: Operation) -> str:
    return f"{one.kind} {[(operand.shape, operand.dtype) for operand in one.read]}"
