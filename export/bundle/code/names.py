"""Names in generated code, made of names that nobody has checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

_KOTLIN = """
as break class continue do else false for fun if in interface is null object package return super
this throw true try typealias typeof val var when while
"""
_SWIFT = """
Any Self Type Protocol actor as associatedtype await break case catch class continue default defer
deinit do else enum extension fallthrough false fileprivate for func guard if import in init inout
internal is let nil open operator precedencegroup private protocol public repeat rethrows return
self static struct subscript super switch throw throws true try typealias var where while
"""

#: Words that are no names in Kotlin.
KOTLIN = frozenset(_KOTLIN.split())

#: Likewise, in Swift.
SWIFT = frozenset(_SWIFT.split())

_LONGEST = 60


def class_name(text: str) -> str:
    """Return the name of a class: ``shufflenet_v2_int8`` becomes ``ShufflenetV2Int8``."""
    return _begun("".join(word[:1].upper() + word[1:] for word in _words(text)), "Net")


def module_name(text: str) -> str:
    """Return the name of a module: ``ShuffleNet-v2.int8`` becomes ``shufflenet_v2_int8``."""
    return _begun("_".join(_words(text)).lower(), "net_")


def member_name(text: str, keywords: Collection[str] = ()) -> str:
    """Return the name of a member: ``class_scores`` becomes ``classScores``.

    Args:
        text: What it is called elsewhere.
        keywords: Of the language; a name that is one of them gets an underscore.
    """
    first, *rest = _words(text) or [""]
    joined = first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in rest)
    name = _begun(joined, "port")
    return f"{name}_" if name in keywords else name


def apart(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return names that differ, also where capitals do not count: later ones get a number.

    Args:
        names: The wanted names.
        taken: Names that are in use already.
    """
    known = {name.casefold() for name in taken}
    result: list[str] = []
    for name in names:
        number, found = 2, name
        while found.casefold() in known:
            found, number = f"{name}_{number}", number + 1
        known.add(found.casefold())
        result.append(found)
    return result


def _words(text: str) -> Sequence[str]:
    """Return the runs of letters and digits of ASCII in a text; letters lose their accents."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall(r"[A-Za-z0-9]+", plain[:_LONGEST])


def _begun(name: str, otherwise: str) -> str:
    """Return a name that does not begin with a digit."""
    if not name:
        return otherwise
    return name if not name[0].isdigit() else f"{otherwise}{name}"
