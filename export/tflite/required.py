"""Refusing a file that a delegate does not take whole, or computes otherwise."""

from __future__ import annotations

from _edgeship.errors import VerificationError
from _edgeship.export.contract.target import Judge
from _edgeship.export.delegates.report import DelegateReport, Run

#: How many reasons an error shows.
_SHOWN = 4


def demand_right(run: Run, judge: Judge) -> None:
    """Check that the GPU accelerator takes every operator, and computes what the network does.

    Args:
        run: What it made of the file.
        judge: Says why outputs are out of tolerance.

    Raises:
        VerificationError: It does not.
    """
    if run.delegate is not None:
        demand_whole(run.delegate)
    problem = judge(run.outputs)
    if problem:
        raise VerificationError(
            "The GPU accelerator does not compute what the network computes.",
            why=problem,
            todo="see the accelerator's known faults in docs/targets/tflite.md; or leave "
            "--require-delegate out, and let apps run the file on the CPU",
        )


def demand_whole(report: DelegateReport) -> None:
    """Check that a delegate takes every operator of a file.

    Raises:
        VerificationError: It leaves some; it names them, and why.
    """
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
