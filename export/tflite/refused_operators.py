"""Which operators of a network can't be made integers: by litert-quantizer's rules, or by LiteRT.

Rules fail on what their authors did not think of, and kernels refuse types and scales that rules
give them. Either is one operator's affair: it stays in float, and the rest need not.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.writer import from_bytes


class RefusedOperatorsError(Exception):
    """Rules of litert-quantizer failed.

    Attributes:
        names: Of the tensors that the operators compute.
        why: What the first rule said.
    """

    def __init__(self, names: set[str], why: str) -> None:
        super().__init__(why)
        self.names = names
        self.why = why


@contextlib.contextmanager
def all_rules() -> Iterator[None]:
    """While open, litert-quantizer applies all rules before it fails, and names the operators.

    Raises:
        RefusedOperatorsError: Rules failed inside.
    """
    from litert_quantizer import params_generator as library

    rule_of = library.algorithm_manager.get_quantization_func
    refused: set[str] = set()
    reasons: list[str] = []

    def watched(algorithm: Any, operator: Any, mode: Any) -> Any:
        rule = rule_of(algorithm, operator, mode)

        def apply(op_info: Any, graph_info: Any, **others: Any) -> Any:
            try:
                return rule(op_info=op_info, graph_info=graph_info, **others)
            except Exception as error:
                if isinstance(op_info.op, library.qtyping.IOOperator):
                    raise
                tensors = graph_info.subgraph_tensors
                refused.update(name_of(tensors[int(index)]) for index in op_info.op.outputs)
                reasons.append(str(error) or type(error).__name__)
                return []

        return apply

    library.algorithm_manager.get_quantization_func = watched
    try:
        yield
    except Exception as error:
        # What was left out can be missed later.
        if refused:
            raise RefusedOperatorsError(refused, reasons[0]) from error
        raise
    finally:
        library.algorithm_manager.get_quantization_func = rule_of
    if refused:
        raise RefusedOperatorsError(refused, reasons[0])


def refused_by_kernels(data: bytes) -> set[str]:
    """Return the names of the tensors that the first operator computes which LiteRT refuses.

    Args:
        data: A file. Nothing is returned for one that can be run.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from _edgeship.export.runtimes.quiet import captured_stderr

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        with captured_stderr():
            interpreter = Interpreter(model_content=data, experimental_op_resolver_type=plain)
            interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        found = re.search(r"Node number (\d+) \(\w+\) failed to prepare", str(error))
        if found is None:
            return set()
        graph = from_bytes(data).subgraphs[0]
        outputs = graph.operators[int(found[1])].outputs
        return {name_of(graph.tensors[int(index)]) for index in outputs}
    return set()
