"""Running a .tflite file on the GPU accelerator, and what of it runs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.delegates.accelerator import Accelerator, find_accelerator
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.delegates.report import ACCELERATOR, DelegateReport, Left, Run
from _edgeship.export.runtimes.tflite_apart import SessionApart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES
from _edgeship.export.tflite.single_operators import kinds_of, single_operator
from _edgeship.export.tflite.writer import from_bytes

#: What `verify` calls the accelerator computing in float32, and in the driver's float16.
GPU, GPU_HALF = "gpu", "gpu-fp16"

GPU_RUNTIMES = (GPU, GPU_HALF)

#: A kind that has more unlike operators than this is reported as a whole.
_MOST_ASKED = 400

_APART = "the GPU could take it, but runs one connected piece of a file only"
_UNPACKS = "it only unpacks a constant"


def run_on_gpu(data: bytes, samples: Sequence[Sample], io: FileIO, runtime: str = GPU) -> Run:
    """Run a file on the GPU alone; what that refuses, with the CPU's help.

    Args:
        data: The whole file.
        samples: As for `export.runtimes.running.run_tflite`.
        io: Likewise.
        runtime: One of `GPU_RUNTIMES`.

    Raises:
        InputError: There is no driver that the accelerator accepts, or it has no float16.
        VerificationError: The accelerator crashes, hangs, or fails on the file.
    """
    accelerator = find_accelerator()
    half = runtime == GPU_HALF
    if half and not accelerator.half:
        raise InputError(
            f"{accelerator.device} does not compute in float16.",
            todo=f"use --runtime {GPU}, or a driver that does: Mesa's lavapipe of 25 or newer",
        )
    with SessionApart(data, io) as session:
        query = Query(
            data,
            [session.feeds(sample) for sample in samples],
            [port.name for port in io.inputs],
            [port.name for port in io.outputs],
            [port.shape for port in io.outputs],
            half=half,
        )
        [answer] = accelerator.ask([query])
        if answer.problem and not answer.died and answer.log.refusals:
            [answer] = accelerator.ask([replace(query, fallback=True)])
        if answer.problem:
            raise VerificationError(
                "The GPU accelerator fails on the file.",
                why=f"On {accelerator.device}, {answer.problem}.",
            )
        report = _report(data, answer, accelerator, half)
        return Run([session.results(raw) for raw in answer.outputs], report)


def _report(data: bytes, answer: Answer, accelerator: Accelerator, half: bool) -> DelegateReport:
    model = from_bytes(data)
    kinds = kinds_of(model, OPERATOR_NAMES)
    log = answer.log
    left: tuple[Left, ...] = ()
    if log.taken is not None:
        left = _left(model, kinds, answer, accelerator)
    return DelegateReport(
        delegate="GPU",
        operators=len(kinds),
        taken=len(kinds) if log.taken is None else log.taken,
        partitions=log.partitions,
        left=left,
        device=accelerator.device,
        software=accelerator.software,
        precision="float16" if half else "float32",
        source=ACCELERATOR,
    )


def _left(
    model: Any, kinds: Sequence[str], answer: Answer, accelerator: Accelerator
) -> tuple[Left, ...]:
    """Return the operators that are refused, each asked about alone, and those out of reach.

    The accelerator's log names kinds and reasons only.
    """
    refused = dict(answer.log.refusals)
    files: dict[bytes, list[int]] = {}
    found: dict[int, Left] = {}
    for index, kind in enumerate(kinds):
        if kind not in refused:
            continue
        single = single_operator(model, index)
        if single is None:
            found[index] = _named(model, index, kind, refused[kind] or _UNPACKS)
        else:
            files.setdefault(single, []).append(index)
    if len(files) > _MOST_ASKED:
        return tuple(Left(kind, reason) for kind, reason in answer.log.refusals)
    for (_, indices), alone in zip(
        files.items(), accelerator.ask([Query(file) for file in files]), strict=True
    ):
        for index in indices if alone.problem else ():
            reason = dict(alone.log.refusals).get(kinds[index], refused[kinds[index]])
            found[index] = _named(model, index, kinds[index], reason or alone.problem)
    located = {one.kind for one in found.values()}
    whole = [Left(kind, why) for kind, why in answer.log.refusals if kind not in located]
    beyond = len(kinds) - (answer.log.taken or 0) - len(found)
    if beyond > 0 and not whole:
        whole += [Left("other", _APART)] * beyond
    return (*(found[index] for index in sorted(found)), *whole)


def _named(model: Any, index: int, kind: str, reason: str) -> Left:
    graph = model.subgraphs[0]
    outputs = graph.operators[index].outputs
    tensor = name_of(graph.tensors[outputs[0]]) if len(outputs) else ""
    return Left(kind, _without_tensor(model, index, reason), index, tensor)


def _without_tensor(model: Any, index: int, reason: str) -> str:
    """Return a reason without the name of a tensor at its end, so that like ones are equal."""
    graph = model.subgraphs[0]
    operator = graph.operators[index]
    for tensor in (*operator.inputs, *operator.outputs):
        name = f" {name_of(graph.tensors[tensor])}" if tensor >= 0 else ""
        if name and reason.endswith(name):
            return reason.removesuffix(name)
    return reason
