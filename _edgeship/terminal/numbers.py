"""Numbers of the command line, with commas between them."""

from __future__ import annotations

import math

from _edgeship.errors import InputError

#: Largest input, in elements: 1 GiB of float32.
MAX_ELEMENTS = 2**28


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the shape of an ``--input``, such as ``1,3,224,224``.

    Raises:
        InputError: It is not a list of whole numbers above 0, or is too large.
    """
    example = "give the extents of all axes, batch first, for example --input 1,3,224,224"
    try:
        shape = tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise InputError(
            f"--input {text!r} is not a list of whole numbers.", todo=example
        ) from error
    if min(shape) < 1:
        raise InputError(f"--input {text!r} has an extent below 1.", todo=example)
    if math.prod(shape) > MAX_ELEMENTS:
        raise InputError(
            f"--input {text!r} has {math.prod(shape):,} elements.",
            why=f"at most {MAX_ELEMENTS:,} (1 GiB of float32) are accepted",
        )
    return shape


def parse_numbers(text: str, option: str) -> tuple[float, ...]:
    """Return the numbers of ``--mean`` or ``--std``, such as ``0.485,0.456,0.406``.

    Raises:
        InputError: One is not a finite number.
    """
    try:
        numbers = tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise InputError(
            f"{option} {text!r} is not a list of numbers.",
            todo=f"give one number per channel, for example {option} 0.5,0.5,0.5",
        ) from error
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"{option} {text!r} holds a value that is not finite.")
    return numbers
