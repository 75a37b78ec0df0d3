"""Whether targets, schemes and options go together, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from _edgeship.errors import InputError
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.contract.target import Target
from _edgeship.export.network.valid_names import is_valid, valid
from _edgeship.terminal.words import one_of, unknown

Targets = Mapping[str, Target]

#: What is given for ``--keep-float`` where the layers are to be found.
AUTO = "auto"


def all_schemes(targets: Targets) -> dict[str, Scheme]:
    """Return every scheme of any target by name; of those with one name, the first target's."""
    found: dict[str, Scheme] = {}
    for target in targets.values():
        for name, scheme in target.schemes.items():
            found.setdefault(name, scheme)
    return found


def schemes_for(target: Target, wanted: Sequence[str]) -> tuple[Scheme, ...]:
    """Return those of the wanted schemes that a target has."""
    return tuple(target.schemes[name] for name in wanted if name in target.schemes)


def check_request(request: Request, targets: Targets) -> None:
    """Check a request as far as possible before anything is loaded.

    Args:
        request: What the user asked for.
        targets: All targets, by name.

    Raises:
        InputError: A target, scheme or option does not exist or does not go with the others.
    """
    one_of(request.targets, targets, "target", "--to")
    chosen = {name: targets[name] for name in request.targets}
    check_schemes(request.schemes, chosen, targets)
    _check_options(request, chosen, targets)
    unable = [name for name, target in chosen.items() if not target.picks_boxes]
    if request.detection == "nms" and unable:
        able = [name for name, target in targets.items() if target.picks_boxes]
        raise InputError(
            f"--detection nms does not go with --to {','.join(unable)}.",
            why=f"only files of {' and '.join(able)} pick the boxes themselves",
            todo="use --detection split, and pick the boxes in the application",
        )
    _check_names(request)
    _check_keeping(request, chosen)
    for target in chosen.values():
        target.refuse(request, schemes_for(target, request.schemes))


def _check_names(request: Request) -> None:
    """Check what the files are to call inputs and outputs.

    Raises:
        InputError: A name does not suit all files, or is there twice.
    """
    asked = {"--input-names": request.input_names, "--output-names": request.output_names}
    owners: dict[str, str] = {}
    for option, names in asked.items():
        for name in names:
            if not is_valid(name):
                raise InputError(
                    f"{option} {name!r} is no name that all files can have.",
                    why="it needs letters from a to z, digits and _, no digit in front, and must "
                    "be no word of Core ML's programs, such as state",
                    todo=f"for example {valid(name, option.strip('-').partition('-')[0])}",
                )
            if name in owners:
                first = owners[name]
                both = f"{option} has it twice" if first == option else f"{first} has it, too"
                raise InputError(f"{option} {name} is there already: {both}.", todo="use another")
            owners[name] = option


def _check_keeping(request: Request, chosen: Targets) -> None:
    """Check what is to stay in float, and what a file is to reach.

    Raises:
        InputError: No file has such layers, or there is no target to reach, or more than one.
    """
    asked = {
        "--min-sqnr": request.min_sqnr is not None,
        "--max-drop": request.max_drop is not None,
        "--eval": request.eval_data is not None,
    }
    auto = AUTO in request.keep_float
    for option in (option for option, given in asked.items() if given and not auto):
        raise InputError(f"{option} needs --keep-float auto.", todo="add it")
    if not request.keep_float:
        return
    if auto and len(request.keep_float) > 1:
        raise InputError("--keep-float auto takes no further names.", todo="give auto alone")
    if auto and asked["--min-sqnr"] == asked["--max-drop"]:
        raise InputError(
            "--keep-float auto needs one target to reach.",
            todo="add --min-sqnr DB, or --max-drop POINTS with --eval DATA",
        )
    if asked["--max-drop"] != asked["--eval"]:
        given, other = ("--max-drop", "--eval DATA") if asked["--max-drop"] else ("--eval", "")
        other = other or "--max-drop POINTS"
        raise InputError(f"{given} needs {other}.", todo="add it")
    able = [
        scheme.name
        for target in chosen.values()
        if "keep_float" in target.options
        for scheme in schemes_for(target, request.schemes)
        if scheme.keeps_float and (scheme.calibrated or not auto)
    ]
    if not able:
        raise InputError(
            f"--keep-float {','.join(request.keep_float)} does not go with --quant "
            f"{','.join(request.schemes)}.",
            why="no layer of these files "
            + ("has integers with ranges" if auto else "has weights of 8 bits or fewer"),
            todo="add --quant int8",
        )


def check_schemes(wanted: Sequence[str], chosen: Targets, targets: Targets) -> None:
    """Check that there is a file to write for every scheme and for every target.

    Raises:
        InputError: None of the chosen targets has a scheme, or one of them has none of the schemes.
    """
    possible = list(all_schemes(chosen))
    for scheme in wanted:
        if scheme in possible:
            continue
        able = [name for name, target in targets.items() if scheme in target.schemes]
        if not able:
            raise unknown(scheme, possible, "scheme", "--quant")
        raise InputError(
            f"--quant {scheme} does not go with --to {','.join(chosen)}.",
            why=f"only {' and '.join(able)} has it",
            todo=f"add --to {able[0]}, or choose from {', '.join(possible)}",
        )
    for name, target in chosen.items():
        if not schemes_for(target, wanted):
            raise InputError(
                f"--to {name} has none of the schemes of --quant {','.join(wanted)}.",
                todo=f"add one of {', '.join(target.schemes)}, or leave --to {name} out",
            )


def _check_options(request: Request, chosen: Targets, targets: Targets) -> None:
    """Check that each option that only some targets read is read by a chosen one.

    Raises:
        InputError: An option was given that no chosen target reads.
    """
    defaults = {one.name: one.default for one in fields(Request)}
    for target in targets.values():
        for name, option in target.options.items():
            given = getattr(request, name) != defaults[name]
            if given and not any(name in other.options for other in chosen.values()):
                usual = f"it says how a file for {target.title} is to be written"
                reasons = (one.declined[name] for one in chosen.values() if name in one.declined)
                raise InputError(
                    f"{option} does not go with --to {','.join(chosen)}.",
                    why=next(reasons, usual),
                    todo=f"use --to {target.name}, or leave {option} out",
                )
