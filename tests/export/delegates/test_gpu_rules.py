"""The rules on what the GPU accelerator takes, held against the accelerator itself."""

from __future__ import annotations

import pytest

from _edgeship.export.delegates.gpu_rules import KNOWN, RULES, refusal
from _edgeship.export.delegates.operation import Operation
from _edgeship.export.delegates.query import Query
from _edgeship.export.tflite.operations import operations
from _edgeship.export.tflite.writer import from_bytes
from tests.export.delegates.gpu_cases import CASES, Case
from tests.export.delegates.gpu_here import accelerator

#: Of two constants; no file can consist of one such operator.
ALONE_IMPOSSIBLE = "Op can only handle 1 or 2 operand(s)."


def operation(case: Case) -> Operation:
    [found] = operations(from_bytes(case.data()))
    return found


def name(case: Case) -> str:
    return f"{case.kind} {case.refused[:30]}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_rule_refuses_it_or_none_does(case: Case) -> None:
    rule = refusal(operation(case))
    reason = "" if rule is None else rule.reason
    assert reason.startswith(case.refused)
    assert bool(reason) == bool(case.refused)


def test_the_accelerator_does_as_the_rules_say() -> None:
    answers = accelerator().ask([Query(case.data()) for case in CASES])
    wrong = [
        f"{name(case)}: {answer.log.refusals or answer.problem or 'taken'}"
        for case, answer in zip(CASES, answers, strict=True)
        if bool(answer.problem) != bool(case.refused)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_rule_is_without_an_operator_that_it_refuses() -> None:
    hit = {rule.reason for case in CASES if (rule := refusal(operation(case)))}
    assert {rule.reason for rule in RULES} == {*hit, ALONE_IMPOSSIBLE}


def test_every_rule_says_where_it_is_from() -> None:
    assert all(rule.source.split(":")[0] in ("B", "G", "P", "B and G", "asked") for rule in RULES)
    assert all(set(rule.kinds or ()) <= KNOWN for rule in RULES)
