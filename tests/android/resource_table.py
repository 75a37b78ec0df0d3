"""The app's resources as the lines that `doubles/dev/edgeship/doubles/Table.java` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ANDROID = "{http://schemas.android.com/apk/res/android}"
_TYPES = {"string", "color", "dimen", "integer", "bool"}


def lines(res: Path) -> Iterator[str]:
    """Yield a line "type TAB name TAB qualifiers TAB value" for each value in folders values*."""
    for file in sorted(res.glob("values*/*.xml")):
        qualifiers = file.parent.name.removeprefix("values").removeprefix("-")
        for element in ElementTree.parse(file).getroot():  # noqa: S314  our own files
            for kind, name, value in _values(element):
                yield f"{kind}\t{name}\t{qualifiers}\t{_line(value)}\n"

    for file in sorted(res.glob("color*/*.xml")):
        qualifiers = file.parent.name.removeprefix("color").removeprefix("-")
        yield f"color\t{file.stem}\t{qualifiers}\t{_selector(file)}\n"


def _selector(file: Path) -> str:
    """Return "selector" and, for each item, the state that it needs, its alpha and its color."""
    words = ["selector"]
    for item in ElementTree.parse(file).getroot():  # noqa: S314  our own files
        known = {name.removeprefix(_ANDROID): value for name, value in item.attrib.items()}
        color, alpha = known.pop("color"), known.pop("alpha", "1")
        enabled = known.pop("state_enabled", "any")
        assert not known, f"{file}: states that the doubles do not know: {known}"
        words.append(f"{enabled};{alpha};{color}")
    return " ".join(words)


def _values(element: ElementTree.Element) -> Iterator[tuple[str, str, str]]:
    name = element.get("name", "")
    kind = element.get("type", "") if element.tag == "item" else element.tag
    if kind in _TYPES:
        yield kind, name, _text(element)
    elif kind == "plurals":
        for item in element:
            yield kind, f"{name}#{item.get('quantity')}", _text(item)
    elif kind == "style":
        yield kind, name, element.get("parent", "")
        for item in element:
            yield "item", f"{name}#{item.get('name')}", _text(item)
    elif kind in ("string-array", "array", "integer-array"):
        yield "array", name, "\0".join(_text(item) for item in element)


def _text(element: ElementTree.Element) -> str:
    """Return a value as Android reads it: without line breaks of the file, escapes resolved."""
    raw = "".join(element.itertext()).strip()
    if raw.startswith('"') and raw.endswith('"') and len(raw) > 1:
        raw = raw[1:-1]
    else:
        raw = re.sub(r"\s+", " ", raw)
    return _ESCAPED.sub(_unescaped, raw)


def _unescaped(match: re.Match[str]) -> str:
    text = match[1]
    if len(text) == 5:
        return chr(int(text[1:], 16))
    return {"n": "\n", "t": "\t"}.get(text, text)


def _line(value: str) -> str:
    escapes = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\0": "\\0"}
    return "".join(escapes.get(letter, letter) for letter in value)
