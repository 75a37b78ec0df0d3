"""How much a stage may differ from the one before; the only place with thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from export.verification.metrics import Parity


@dataclass(frozen=True)
class Tolerance:
    """What a comparison must satisfy; None does not ask.

    Attributes:
        max_rel: The largest error allowed, as a fraction of the output's range.
        min_sqnr_db: The smallest signal to quantization noise ratio allowed, in dB.
        min_top1: The smallest fraction of samples whose top-1 class must be the same.
    """

    max_rel: float | None = None
    min_sqnr_db: float | None = None
    min_top1: float | None = None


# Where the dB come from: uniform quantization with step s adds noise of power s^2/12. Layers add
# their noises, so L equal layers cost 10 log10(L) dB, which is 17 dB for 50 layers. No kind asks
# for top-1 agreement: the scores of an untrained network are near-ties, so a file may be right
# and still pick another class.
TOLERANCES: dict[str, Tolerance] = {
    # Same arithmetic, other order of summation and folded batch norms: float32 rounds at 6e-8 and
    # a sum of some thousand terms, tens of layers deep, loses two to three digits of that.
    "float": Tolerance(max_rel=1e-4),
    # Weights with 11 significant bits: relative error of at most 2^-11, about 74 dB a layer and
    # 57 dB after 50. The rest of the way to 40 dB is for weights under 6e-5, which are subnormal.
    "fp16": Tolerance(max_rel=2e-2, min_sqnr_db=40.0),
    # int8 weights per channel (about 42 dB a layer for bell-shaped ones) and activations rounded
    # to int8 in every layer by their own range (about 41 dB): 38 dB a layer, 21 dB after 50, less
    # what outliers in the activations cost.
    "dynamic": Tolerance(min_sqnr_db=15.0),
    # As "dynamic", with ranges fixed by calibration. 15 dB is noise of 3 % of the output's power.
    "int8": Tolerance(min_sqnr_db=15.0),
    # int16 activations are as good as exact; the int8 weights alone leave 42 dB a layer, 25 dB
    # after 50.
    "int16x8": Tolerance(min_sqnr_db=15.0),
}


def judge(parity: Parity, stage_kind: str) -> str | None:
    """Return None when the parity is within the tolerance of the kind, or a sentence why not.

    Args:
        parity: The measured distance.
        stage_kind: A key of `TOLERANCES`.

    Raises:
        KeyError: The kind is not in the table.
    """
    tolerance = TOLERANCES[stage_kind]
    # Negated, so that a NaN is out of tolerance.
    if tolerance.max_rel is not None and not parity.max_rel <= tolerance.max_rel:
        return (
            f"The largest error is {parity.max_rel:.2g} of the output's range; "
            f"{stage_kind} allows {tolerance.max_rel:.2g}."
        )
    if tolerance.min_sqnr_db is not None and not parity.sqnr_db >= tolerance.min_sqnr_db:
        return (
            f"The SQNR is {parity.sqnr_db:.1f} dB; "
            f"{stage_kind} needs {tolerance.min_sqnr_db:.1f} dB."
        )
    # Outputs that are not class scores have no top-1 to disagree on.
    agreement = 1.0 if parity.top1_agreement is None else parity.top1_agreement
    if tolerance.min_top1 is not None and not agreement >= tolerance.min_top1:
        return (
            f"The top-1 class is the same for {agreement:.1%} of the samples; "
            f"{stage_kind} needs {tolerance.min_top1:.1%}."
        )
    return None
