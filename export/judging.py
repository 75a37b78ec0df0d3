"""Judging written files part by part, on the scale of what rounding alone leaves of the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from _edgeship.export.contract.manifest import PartRecord
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job, Prepared, Target, Written

if TYPE_CHECKING:
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.runtimes.values import Outputs
    from _edgeship.export.verification.parity import Parity
    from _edgeship.export.verification.yardstick import Yardstick

_OWN_OUTPUTS = "give the parts outputs of their own (--detection, or --outputs with their names)"
_OTHER_BITS = "choose --quant fp16, or int16x8 for TFLite"


def measure_yardstick(job: Job, log: StageLog) -> Yardstick:
    """Measure what rounding the weights to 8 bits leaves, and prepare for what more it takes."""
    from _edgeship.export.verification.rounded_weights import rounded_parity
    from _edgeship.export.verification.yardstick import Ideal, Yardstick, figures

    with log.stage("round weights", noise=True):
        parity = rounded_parity(job.graph, job.checked, job.reference, parts=job.parts)
        log.done(
            "weights of 8 bits, all else in float32: the yardstick for quantized files", parity
        )
    ideal = Ideal(job.graph, job.checked, job.reference, job.parts, job.samples)
    return Yardstick(figures(parity), ideal)


def own_yardstick(written: Written, yardstick: Yardstick | None) -> Yardstick | None:
    """Return the yardstick for one file: the common one, unless its weights are of another kind."""
    from _edgeship.export.verification.yardstick import figures

    own = written.rounded
    if own is None or yardstick is None:
        return yardstick
    return replace(yardstick, weights_db=figures(own))


def verify_written(
    target: Target,
    scheme: Scheme,
    job: Job,
    prepared: Prepared,
    written: Written,
    yardstick: Yardstick | None,
) -> Parity:
    """Run a file; if it is out of tolerance, name the part that is, and the first such tensor.

    Raises:
        VerificationError: It computes something else than the network.
    """
    from _edgeship.export.preparation.budgets import too_large_to_keep
    from _edgeship.export.verification.demand import refusal
    from _edgeship.export.verification.judge import find_failure
    from _edgeship.export.verification.metrics import compare

    kind, reference = scheme.tolerance, prepared.reference
    if job.original is not None and _has_scales_of_file(scheme, job):
        reference, yardstick = job.original, _rounding_of_file(job.original, job)
    parity = compare(reference, written.run(), parts=job.parts)
    failure = find_failure(parity, kind, yardstick)
    if failure is not None:
        sentence = too_large_to_keep(job.graph.graph) or written.divergence(failure.needed_db)
        why = " ".join(part for part in (failure.sentence, sentence) if part)
        error = refusal(why, kind, f"{target.title} {scheme.name}")
        if failure.chosen:
            error.todo = _before_choice(job)
        elif failure.in_joined and scheme.calibrated:
            error.todo = _remedy(job)
        raise error

    def judge(outputs: Outputs) -> str:
        other = find_failure(compare(reference, outputs, parts=job.parts), kind, yardstick)
        return "" if other is None else other.sentence

    written.check(judge)
    return parity


def _remedy(job: Job) -> str:
    """Return what to do where what an output joins needs scales of its own."""
    if job.request.io_dtype != "float32":
        first = f"leave --io-dtype {job.request.io_dtype} out: outputs of float32 need no scale"
        return f"{first}; or {_OWN_OUTPUTS}"
    return f"{_OWN_OUTPUTS}, or {_OTHER_BITS}"


def _before_choice(job: Job) -> str:
    """Return what to do where rounding changes which of the numbers are the largest."""
    import onnx_ir as ir

    from _edgeship.export.graph.cut_advice import advise
    from _edgeship.export.verification.choices import choices

    values = [value for all_of_one in choices(job.graph).values() for value in all_of_one]
    graph = ir.to_proto(job.graph).graph
    advice = advise(graph, values, job.network.tensors, behind=False)
    first = "rounding changes the order of scores that are nearly equal"
    return f"{first}; {advice}, or choose --quant none" if advice else f"{first}: --quant none"


def _has_scales_of_file(scheme: Scheme, job: Job) -> bool:
    """Return whether a scheme keeps the scales of a file that was quantized before."""
    bits = {"int8": 8, "int16x8": 16}.get(scheme.tolerance)
    return job.given is not None and bits in job.given.widths


def _rounding_of_file(original: Outputs, job: Job) -> Yardstick:
    """Return what the rounding of a file that was quantized before does to its network."""
    from _edgeship.export.verification.metrics import compare
    from _edgeship.export.verification.yardstick import Yardstick, figures

    return Yardstick(figures(compare(original, job.reference, parts=job.parts)))


def part_records(parity: Parity, yardstick: Yardstick | None) -> list[PartRecord]:
    """Return the figures of each part for the manifest, with those that it was judged by."""
    from _edgeship.export.verification.parity import json_number

    def known(figures: dict[str, float] | None, name: str) -> float | str | None:
        number = None if figures is None else figures.get(name)
        return None if number is None else json_number(number)

    weights = None if yardstick is None else dict(yardstick.weights_db)
    measured = {} if yardstick is None else {k: dict(v) for k, v in yardstick.measured.items()}
    return [
        PartRecord(
            **part.to_dict(),
            rounded_weights_sqnr_db=known(weights, part.name),
            ideal_8_bits_sqnr_db=known(measured.get("8 bits"), part.name),
            ideal_float16_sqnr_db=known(measured.get("float16"), part.name),
        )
        for part in parity.parts
    ]
