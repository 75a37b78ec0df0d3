"""Which operators are known to leave the Neural Engine, and who says so.

Apple documents little of it, and the answer changes with the chip and the version of iOS, so this
table holds only what a public source says, and names the source with each row. Core ML decides on
the device; the performance report of Xcode shows what it decided.

The rule on broadcasting in the oldest of the sources is left out: it speaks of layers that ML
programs do not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from _edgeship.export.coreml.evaluator.mil.program import MilProgram, Operation
from _edgeship.export.coreml.wiring import Wiring, stores

#: Apple, on float32: the Neural Engine is barred where a program is typed with it.
_TYPED_EXECUTION = "https://apple.github.io/coremltools/docs-guides/source/typed-execution.html"
#: An engineer of Apple, on recurrent layers.
_RECURRENT = "https://github.com/apple/coremltools/issues/1780"
#: Measurements of single operators on Macs (M1, M2 and M5), and a table made of them. iPhones'
#: chips are not matched with them here: the source does not name engines as Apple names chips.
#: The two disagree on 3-D convolutions; the guide says how it was found out.
_GUIDE = "https://ane-guide.readthedocs.io/en/latest/part-1-machine/04-capability-surface.html"
_CATALOG = "https://aneforge.readthedocs.io/en/latest/op-catalog/"
_CAPABILITIES = "https://aneforge.readthedocs.io/en/latest/capabilities/"
#: What developers saw on the first chips with a Neural Engine; its author calls parts guesses.
_LIST = "https://github.com/hollance/neural-engine/blob/master/docs/unsupported-layers.md"

_NO_PATH = (
    *("mod", "one_hot", "non_zero", "band_part", "reverse_sequence", "shape", "sliding_windows"),
    *("reduce_prod", "scatter", "scatter_along_axis", "scatter_nd"),
    *("logical_and", "logical_or", "logical_xor"),
    *("tan", "asin", "acos", "sinh", "cosh", "asinh", "acosh", "atanh"),
    *("random_bernoulli", "random_categorical", "random_normal"),
)

_POOLS = ("avg_pool", "max_pool", "l2_pool")
_RESIZES = (
    "resize",
    "resize_bilinear",
    "resize_nearest_neighbor",
    "upsample_bilinear",
    "upsample_nearest_neighbor",
)

Condition = Callable[[Operation, Wiring], bool]


@dataclass(frozen=True)
class Departure:
    """Operators of a program that are known to leave the Neural Engine.

    Attributes:
        operators: How many of each kind.
        reason: Why, as the source says it.
        source: The address of the source.
    """

    operators: dict[str, int]
    reason: str
    source: str


@dataclass(frozen=True)
class _Rule:
    """A row of the table: operators of these kinds (any, if empty) that meet the condition."""

    kinds: tuple[str, ...]
    condition: Condition
    reason: str
    source: str


def departures(program: MilProgram) -> tuple[Departure, ...]:
    """Return the operators that are known to leave the Neural Engine, in the order of the table."""
    wiring = Wiring(program)
    computing = [operation for operation in program.operations if not stores(operation)]
    found = []
    for rule in _RULES:
        counts = Counter(
            operation.kind
            for operation in computing
            if (not rule.kinds or operation.kind in rule.kinds)
            and rule.condition(operation, wiring)
        )
        if counts:
            found.append(Departure(dict(counts.most_common()), rule.reason, rule.source))
    return tuple(found)


def _always(operation: Operation, wiring: Wiring) -> bool:
    return True


def _gives(dtype: str) -> Condition:
    def condition(operation: Operation, wiring: Wiring) -> bool:
        return any(output.dtype == dtype for output in operation.outputs)

    return condition


def _computes_float32(operation: Operation, wiring: Wiring) -> bool:
    # These only hand the results out, as float32.
    return operation.kind not in ("cast", "classify") and _gives("fp32")(operation, wiring)


def _three_axes(operation: Operation, wiring: Wiring) -> bool:
    shape = operation.outputs[0].shape if operation.outputs else None
    return shape is not None and len(shape) == 5


def _above(parameter: str, limit: int) -> Condition:
    """Return the condition that a constant parameter has an entry above the limit."""

    def condition(operation: Operation, wiring: Wiring) -> bool:
        values = wiring.array(operation, parameter)
        return values is not None and values.size > 0 and bool((values > limit).any())

    return condition


def _either(*conditions: Condition) -> Condition:
    def condition(operation: Operation, wiring: Wiring) -> bool:
        return any(each(operation, wiring) for each in conditions)

    return condition


def _enlarges_above_two(operation: Operation, wiring: Wiring) -> bool:
    before = next((variable.shape for variable in wiring.inputs(operation)), None)
    after = operation.outputs[0].shape if operation.outputs else None
    if before is None or after is None or len(before) != len(after):
        return False
    return any(large > 2 * small for small, large in zip(before[2:], after[2:], strict=True))


_RULES = (
    _Rule((), _computes_float32, "float32 bars the Neural Engine", _TYPED_EXECUTION),
    _Rule((), _gives("int32"), "computes int32, which no Neural Engine does", _GUIDE),
    _Rule(("lstm", "gru", "rnn"), _always, "recurrent layers are not supported", _RECURRENT),
    _Rule(_NO_PATH, _always, "no Neural Engine has it", _GUIDE),
    _Rule(("conv",), _three_axes, "3-D convolutions compile for no Neural Engine", _GUIDE),
    _Rule(("crop_resize", "resample", "affine"), _always, "not on M1; from M2 on", _CATALOG),
    _Rule(("topk", "argsort"), _always, "not on M1; from M2 on", _CATALOG),
    _Rule(("sin", "cos"), _always, "not on M1 and M2; from M3 on", _CATALOG),
    _Rule(
        ("gather", "gather_along_axis", "gather_nd"),
        _always,
        "on M1 only in narrow cases, such as a batch of one",
        _CATALOG,
    ),
    _Rule(
        ("non_maximum_suppression",),
        _always,
        "goes to the CPU or GPU",
        _CAPABILITIES,
    ),
    _Rule(
        ("avg_pool",),
        _above("kernel_sizes", 29),
        "windows above 29 do not fit M1; those above 31 do not fit later ones",
        _CATALOG,
    ),
    _Rule(
        _POOLS,
        _either(_above("kernel_sizes", 13), _above("strides", 2)),
        "seen to leave older ones: pools with windows above 13 or strides above 2",
        _LIST,
    ),
    _Rule(
        _RESIZES,
        _enlarges_above_two,
        "seen to leave older ones: enlarging more than twofold",
        _LIST,
    ),
    _Rule(
        ("conv", "conv_transpose"),
        _above("dilations", 1),
        "seen to leave older ones: dilated convolutions; measured to stay on M1 and later",
        _LIST,
    ),
)
