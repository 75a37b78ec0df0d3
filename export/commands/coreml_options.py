"""The options that say how an .mlpackage is written, checked before anything is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from export.commands.options import check_file, one_of, unknown
from export.errors import InputError
from export.schemes import SCHEMES, oldest_ios, schemes_of

#: What --ios may be: the versions whose operator sets coremltools writes as ML programs.
IOS = (15, 16, 17, 18)

#: Largest file of --labels.
MAX_LABEL_BYTES = 10_000_000


def choose_ios(ios: int | None, targets: Sequence[str], schemes: Sequence[str]) -> int:
    """Return the oldest iOS that packages are written for: ``--ios``, or what the schemes need.

    Raises:
        InputError: ``--ios`` is unknown, too old for a scheme, or given without a package.
    """
    if "coreml" not in targets:
        if ios is not None:
            raise _only_coreml("--ios", targets)
        return min(IOS)
    wanted = [scheme for scheme in schemes if scheme in schemes_of("coreml")]
    needed = oldest_ios(wanted)
    if ios is None:
        return needed
    if ios not in IOS:
        raise unknown(str(ios), [str(known) for known in IOS], "deployment target", "--ios")
    if ios < needed:
        newer = [scheme for scheme in wanted if SCHEMES[scheme].ios > ios]
        raise InputError(
            f"--ios {ios} does not go with --quant {','.join(newer)}.",
            why=f"the operators for it came with iOS {needed}",
            todo=f"use --ios {needed}, or leave --ios out",
        )
    return ios


def check_coreml_only(given: bool, option: str, targets: Sequence[str]) -> None:
    """Check that an option for packages is given with ``--to coreml`` only.

    Raises:
        InputError: It is given without.
    """
    if given and "coreml" not in targets:
        raise _only_coreml(option, targets)


def _only_coreml(option: str, targets: Sequence[str]) -> InputError:
    return InputError(
        f"{option} does not go with --to {','.join(targets)}.",
        why="it says how an .mlpackage is to be written",
        todo=f"use --to coreml, or leave {option} out",
    )


def parse_io(text: str) -> Literal["tensor", "image"]:
    """Return what a package takes, of ``--io``.

    Raises:
        InputError: It is neither tensor nor image.
    """
    [io] = one_of((text.lower(),), ("tensor", "image"), "kind of input", "--io")
    return cast("Literal['tensor', 'image']", io)


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the classes of ``--labels``, one a line.

    Raises:
        InputError: The file is missing, too large, no UTF-8, or has an empty or repeated line.
    """
    check_file(path, "--labels")
    if path.stat().st_size > MAX_LABEL_BYTES:
        raise InputError(f"--labels {path} has more than {MAX_LABEL_BYTES:,} bytes.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"--labels {path} is not UTF-8.", why=str(error), todo="store it as UTF-8 text"
        ) from error
    labels = [line.strip() for line in text.rstrip().split("\n")]
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label:
            raise InputError(f"--labels {path} has no class in line {number}.")
        if label in first:
            raise InputError(
                f"--labels {path} names the class {label!r} in lines {first[label]} and {number}.",
                why="a package returns the probabilities by name, and each name once",
                todo="make them differ, for example crane (bird) and crane (machine)",
            )
        first[label] = number
    return tuple(labels)
