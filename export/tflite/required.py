"""Refusing a file that a delegate does not take whole, or computes otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.errors import VerificationError
from _edgeship.export.contract.target import Judge
from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.tflite.delegation import of_xnnpack
from _edgeship.export.tflite.gpu_run import run_on_gpu

#: How many reasons an error shows.
_SHOWN = 4


def demand_delegate(
    delegate: str, data: bytes, samples: Sequence[Sample], io: FileIO, judge: Judge
) -> None:
    """Check that a delegate takes every operator of a file, and computes what the network does.

    XNNPACK has computed the outputs that the file was judged by already.

    Args:
        delegate: ``xnnpack`` or ``gpu``.
        data: The whole file.
        samples: What it is run on.
        io: Its inputs and outputs.
        judge: Says why outputs are out of tolerance.

    Raises:
        InputError: There is no driver that the GPU accelerator accepts.
        VerificationError: It does not.
    """
    if delegate == "xnnpack":
        _demand_whole(of_xnnpack(TFLiteSession(data, io)))
        return
    run = run_on_gpu(data, samples, io)
    if run.delegate is not None:
        _demand_whole(run.delegate)
    problem = judge(run.outputs)
    if problem:
        raise VerificationError(
            "The GPU accelerator does not compute what the network computes.",
            why=problem,
            todo="see the accelerator's known faults in docs/targets/tflite.md; or leave "
            "--require-delegate out, and let apps run the file on the CPU",
        )


def _demand_whole(report: DelegateReport) -> None:
    if report.taken == report.operators:
        return
    reasons = [
        f"{count} {one.kind}"
        + (f" ({one.tensor})" if one.tensor else "")
        + (f": {one.reason}" if one.reason else "")
        for one, count in report.alike()
    ]
    hidden = len(reasons) - _SHOWN
    shown = reasons[:_SHOWN] + ([f"and {hidden} more"] if hidden > 0 else [])
    raise VerificationError(
        f"The delegate {report.delegate} takes {report.taken} of {report.operators} operators.",
        why="; ".join(shown),
        todo="change these operators in the network, or leave --require-delegate out",
    )
