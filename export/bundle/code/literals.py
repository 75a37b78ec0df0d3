"""Values as source text, so that no text of a manifest can be more than a value."""

from __future__ import annotations

import numpy as np

from _edgeship.errors import InputError

_LONGEST_COMMENT = 200


def number(value: object) -> str:
    """Return a number as float64 holds it, in a spelling that all three languages read.

    Raises:
        InputError: It is no finite number.
    """
    return _spelled(repr(_finite(value)))


def single(value: object) -> str:
    """Return a number as float32 holds it, in the fewest digits that give it back.

    Raises:
        InputError: It is no finite number.
    """
    return _spelled(str(np.float32(_finite(value))))


def python_text(text: str) -> str:
    """Return a text as a literal of Python, in ASCII."""
    quoted = ascii(text)
    if quoted[0] == "'" and '"' not in text:
        return f'"{quoted[1:-1]}"'
    return quoted


def kotlin_text(text: str) -> str:
    """Return a text as a literal of Kotlin, in ASCII, without templates."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2").tolist()
    return '"' + "".join(_kotlin_unit(unit) for unit in units) + '"'


def swift_text(text: str) -> str:
    """Return a text as a literal of Swift, in ASCII, without interpolation."""
    return '"' + "".join(_swift_letter(letter) for letter in text) + '"'


def comment(text: str) -> str:
    """Return a text that cannot leave a line's comment: printable, on one line, not too long."""
    # What is printed in another direction could make code look like something else.
    shown = "".join(c if c.isprintable() else " " for c in text)
    words = " ".join(shown.split())
    return words if len(words) <= _LONGEST_COMMENT else f"{words[:_LONGEST_COMMENT]} ..."


def _finite(value: object) -> float:
    number = float(value) if isinstance(value, int | float) else np.nan
    if not np.isfinite(number):
        raise InputError(f"The manifest has {str(value)[:60]!r} where a number belongs.")
    return number


def _spelled(text: str) -> str:
    # 1e-05 is a number in all three, but 5e-05f would be none in Swift, nor 1. in Kotlin.
    if "e" in text:
        digits, _, power = text.partition("e")
        return f"{digits if '.' in digits else digits + '.0'}e{int(power)}"
    return text


def _kotlin_unit(unit: int) -> str:
    letter = chr(unit)
    if letter in '\\"$':
        return f"\\{letter}"
    return letter if 0x20 <= unit < 0x7F else f"\\u{unit:04x}"


def _swift_letter(letter: str) -> str:
    if letter in '\\"':
        return f"\\{letter}"
    if 0x20 <= ord(letter) < 0x7F:
        return letter
    # Swift has no way to write half of a surrogate pair.
    code = 0xFFFD if 0xD800 <= ord(letter) < 0xE000 else ord(letter)
    return f"\\u{{{code:x}}}"
