"""How much a stage's outputs may differ from the network's, for every kind of stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.yardstick import Bits


@dataclass(frozen=True)
class Tolerance:
    """What a comparison must satisfy; None does not ask.

    Attributes:
        max_rel: The largest error allowed, as a fraction of the output's range.
        min_sqnr_db: The smallest signal to quantization noise ratio allowed, in dB.
        below_rounded_db: How far in dB the ratio may lie below that of the network whose weights
            are rounded and nothing else: to 8 bits (`export.verification.rounded_weights`), or to
            palettes (`export.coreml.rounded_graph`).
        ideal: What an ideal file rounds all its values to (`export.verification.yardstick`).
        below_ideal_db: A file that keeps this many dB less than the ideal one, or more, is right,
            however little rounded weights lose.
        sigmoid_steps: Whether what a Sigmoid computes has steps of 1/256, which is all that can
            then be asked of it.
        min_agreement: The smallest fraction of equal elements allowed in an output of integers or
            truth values. Float files differ in near-ties of 1e-6, which are rarer than one element
            in a thousand; with noise of 40 dB, near-ties of 1 % change, and of a mask of six
            untrained classes 2.7 % of the elements did.
        warn_sqnr_db: The ratio in dB under which a correct file is still worth a warning.
        advice: What the user can do about a file that does not satisfy it.
    """

    max_rel: float | None = None
    min_sqnr_db: float | None = None
    below_rounded_db: float | None = None
    ideal: Bits = "8 bits"
    below_ideal_db: float | None = None
    sigmoid_steps: bool = False
    min_agreement: float = 0.9
    warn_sqnr_db: float | None = None
    advice: str = "choose a scheme with more bits, such as --quant fp16"


#: What an output itself allows, in dB, however good the ideal file is: a sine over the full range
#: keeps 6.02 dB for each bit and 1.76 more, and float16 has 11 significant bits, wherever it is in
#: its range. A network that only moves numbers of few steps would demand more of float16 scales.
_CEILINGS: dict[Bits, float] = {"8 bits": 49.9, "float16": 74.0}

#: How far what an integer Sigmoid gives may lie below its own steps of 1/256, in dB: twice the
#: noise.
_BELOW_GRID_DB = 3.0

_CALIBRATE = (
    "calibrate on images like those the network will see (--calib DIR), "
    "or choose --quant fp16, or int16x8 for TFLite"
)

# Uniform quantization with step s adds noise of power s^2/12, which is 42 dB below bell-shaped
# weights and 41 dB below activations. What a network makes of that noise differs far more than the
# schemes do: with weights rounded to 8 bits and all else in float, the sixteen networks measured
# (thirteen random ones of 5 to 53 layers, three trained ones with hard swish and
# squeeze-and-excite; images of 48 x 192 to 320 x 320) kept between 11 and 39 dB. Batch norms behind
# random weights amplify differences with depth, whether of images or of noise. So there are two
# limits: one for every network, and one that measures a network by its own rounded weights.
#
# Rounded weights say nothing of a network whose weights lie on the steps of 8 bits, or that has
# next to none: they would keep 80 dB or more. So a third limit stands in for the second where it
# asks for less: what an ideal file keeps, all of whose values are rounded by themselves
# (`export.verification.yardstick`). It is measured for files that would be refused otherwise.
# Measured on samples that calibration had not seen, of four trained networks, three untrained ones
# and nine small graphs with detection heads, resizes, pads and masks: int8 files lie from 2.5 dB
# below the ideal one (a Resize that rounds once more) to 17 above, and Core ML's, which round less,
# up to 33 above. Broken as below, an ideal file lost 14 to 40 dB where it had kept 30 or more;
# where it had kept 25 to 27 (two trained networks) 9 to 22, but for two exchanged filters, which
# lost next to nothing; and where it had kept 7 to 11, 0.3 to 16. Half precision: from 5 dB below (a
# mask that flips) to 72 above. The margins lie between good files and broken ones.
#
# Broken files were made of each network by changing one layer in its middle: two filters exchanged
# or all reversed, twice the scale, no bias, taps moved by one pixel. Correct files had to pass, and
# as many of the broken ones as possible to fail. No kind asks for top-1 agreement: the scores of an
# untrained network are near-ties, so a file may be right and still pick another class. Warnings
# begin at 20 dB: under that, random classifiers kept the top-1 class on 44 to 94 % of the images,
# above 28 dB on 94 to 100 %.
TOLERANCES: dict[str, Tolerance] = {
    # The same arithmetic in another order, with folded batch norms: float32 rounds at 6e-8 and
    # a sum of some thousand terms, tens of layers deep, loses two to three digits of that.
    # Measured: 1e-7 to 1e-5.
    "float": Tolerance(max_rel=1e-4, min_agreement=0.999, advice="report it, with the network"),
    # Weights with 11 significant bits. Measured for TFLite: 35 to 68 dB, 15 to 32 dB above rounded
    # weights; errors of up to 0.8 % of the range. Core ML computes with 11 bits, too: 29 to 64 dB,
    # 19 to 30 dB above, errors of up to 2 %, and of 6 % in the maps of an untrained feature
    # extractor.
    "fp16": Tolerance(
        max_rel=1e-1,
        min_sqnr_db=25.0,
        below_rounded_db=-12.0,
        ideal="float16",
        below_ideal_db=12.0,
        min_agreement=0.98,
        warn_sqnr_db=40.0,
        advice="choose --quant none: numbers above 65504 do not fit into float16",
    ),
    # Activations are rounded as well, by their range at run time. Measured: 9 to 36 dB, 0.4 to
    # 7 dB below rounded weights, and 15 dB where batch norms follow the activations.
    "dynamic": Tolerance(
        min_sqnr_db=4.0, below_rounded_db=18.0, below_ideal_db=8.0, warn_sqnr_db=20.0
    ),
    # As "dynamic", by calibrated ranges. Measured: 4 to 32 dB; 1 to 8 dB below rounded weights for
    # random networks, 11 to 14 dB for trained ones, and 22 dB where batch norms follow the
    # activations. Broken files: -7 to 11 dB where the change was large, up to 22 dB where it was
    # small. Core ML: 6 to 36 dB, 1 to 17 dB below rounded weights. The maps of an untrained feature
    # extractor, which no pooling averages, kept 2.9 dB in both targets, 6 below rounded weights.
    # So low a limit tells little by itself, since the mean is not taken off: unrelated bell-shaped
    # outputs keep -3 dB, unrelated positive ones 1.4, and the mean of a ReLU's output 1.7. The
    # limit was 3 dB when the broken files were counted.
    "int8": Tolerance(
        min_sqnr_db=2.0,
        below_rounded_db=24.0,
        below_ideal_db=8.0,
        sigmoid_steps=True,
        warn_sqnr_db=20.0,
        advice=_CALIBRATE,
    ),
    # int16 activations are as good as exact, but for what a Resize interpolates (40 dB), and for
    # what lies beyond the calibrated range: so they may be as good as 8 bits, too. Measured: at
    # most 0.7 dB below rounded weights. Of the broken files, all but a few with two filters
    # exchanged lost more than 3 dB.
    "int16x8": Tolerance(
        min_sqnr_db=4.0,
        below_rounded_db=3.0,
        below_ideal_db=3.0,
        warn_sqnr_db=20.0,
        advice=_CALIBRATE,
    ),
    # The schemes of Core ML that compress weights and nothing else, on seventeen networks: fourteen
    # random ones and three trained ones. Rounded weights are those of the scheme: packages came
    # as near as 3 dB to them, and often lie above, since small weights are not compressed. One
    # palette for all channels of a layer suits few of them once batch norms are folded. It kept 10
    # to 42 dB with 8 bits, 4 to 28 with 6 and 2 to 16 with 4, where int8 with a scale per channel
    # kept 10 to 42. The worst of all networks of the registry, untrained, kept 8.7 dB with int8 and
    # -1.1 with palettes of 6 bits.
    #
    # Under so much noise outputs tell little: of 89 graphs broken as above, 80 failed with int8, 76
    # with palettes of 8 bits, 59 of 6 (with a limit of 0 dB; at -3 dB they were not counted again)
    # and 32 of 4. So these limits are the second line. An export first demands that the float16
    # package, from which the others are made, computes what the network does, and then that each
    # weight is as near to its float16 one as the scheme allows (`export.coreml.weight_check`),
    # which finds one wrong index in a palette.
    "int8-weights": Tolerance(
        min_sqnr_db=4.0,
        below_rounded_db=6.0,
        ideal="float16",
        below_ideal_db=12.0,
        warn_sqnr_db=20.0,
    ),
    # Of TFLite, beside the network with weights of 4 bits, which litert-quantizer rounds alike: a
    # network of five convolutions kept 8.3 dB, with as much in the file.
    "int4-weights": Tolerance(
        min_sqnr_db=4.0,
        below_rounded_db=6.0,
        ideal="float16",
        below_ideal_db=12.0,
        warn_sqnr_db=20.0,
    ),
    "palette8": Tolerance(
        min_sqnr_db=4.0,
        below_rounded_db=6.0,
        ideal="float16",
        below_ideal_db=12.0,
        warn_sqnr_db=20.0,
    ),
    "palette6": Tolerance(
        min_sqnr_db=-3.0,
        below_rounded_db=6.0,
        ideal="float16",
        below_ideal_db=12.0,
        warn_sqnr_db=20.0,
    ),
    "palette4": Tolerance(
        min_sqnr_db=-3.0,
        below_rounded_db=6.0,
        ideal="float16",
        below_ideal_db=12.0,
        warn_sqnr_db=20.0,
    ),
}


def needed_sqnr_db(
    stage_kind: str,
    weights_db: float | None = None,
    best_db: float | None = None,
    grid_db: float | None = None,
) -> float | None:
    """Return the SQNR in dB that a kind needs for one part, or None if it asks for none.

    Args:
        stage_kind: A key of `TOLERANCES`.
        weights_db: What rounding the weights leaves; infinity where that changed nothing says
            nothing.
        best_db: What an ideal file keeps, if it was measured.
        grid_db: What the steps of an integer Sigmoid leave of what it computes. In a picture
            without an object all scores may lie below one step.
    """
    tolerance = TOLERANCES[stage_kind]
    below, floor = tolerance.below_rounded_db, tolerance.min_sqnr_db
    needed = -math.inf if floor is None else floor
    own = math.inf if below is None or weights_db is None else weights_db - below
    if best_db is not None and tolerance.below_ideal_db is not None:
        own = min(own, min(best_db, _CEILINGS[tolerance.ideal]) - tolerance.below_ideal_db)
    if math.isfinite(own):
        needed = max(needed, own)
    if grid_db is not None and tolerance.sigmoid_steps:
        needed = min(needed, grid_db - _BELOW_GRID_DB)
    return None if needed == -math.inf else needed


def warn(parity: Parity, stage_kind: str) -> str | None:
    """Return a sentence for a file that is correct and yet loses accuracy, or None.

    Args:
        parity: The measured distance, within the tolerance of the kind.
        stage_kind: A key of `TOLERANCES`.
    """
    limit = TOLERANCES[stage_kind].warn_sqnr_db
    if limit is None or parity.sqnr_db >= limit:
        return None
    where = f" in {parity.part}" if parity.part else ""
    return f"SQNR {parity.sqnr_db:.1f} dB{where}, under {limit:.0f} dB: expect a loss of accuracy"
