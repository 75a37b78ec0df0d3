"""Checks as JUnit's XML, which build servers show, and as GitHub's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from _edgeship.device_bench.results.gates import Check


def junit(suite: str, checks: Sequence[Check]) -> bytes:
    """Return a JUnit file with one test case for each check.

    Args:
        suite: What ran, such as "device_bench compare".
        checks: The checks; their texts are untrusted.
    """
    counts = {
        "tests": len(checks),
        "failures": sum(one.outcome == "failed" for one in checks),
        "errors": sum(one.outcome == "error" for one in checks),
    }
    root = ElementTree.Element("testsuites")
    attributes = {name: str(count) for name, count in counts.items()}
    made = ElementTree.SubElement(root, "testsuite", {"name": suite, **attributes})
    for one in checks:
        names = {"classname": _text(one.where), "name": _text(f"{one.file}: {one.gate}")}
        case = ElementTree.SubElement(made, "testcase", names)
        if one.outcome == "passed":
            ElementTree.SubElement(case, "system-out").text = _text(one.words)
        else:
            kind = {"failed": "failure", "error": "error"}[one.outcome]
            ElementTree.SubElement(case, kind, {"message": _text(one.words), "type": one.gate})
    ElementTree.indent(root)
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def annotation_lines(checks: Sequence[Check]) -> list[str]:
    """Return a line for each check that did not pass, which GitHub shows beside a change.

    The form is that of GitHub's workflow commands: in a message, %, CR and LF are escaped, and in a
    property also colon and comma.
    """
    return [
        f"::error title={_property(f'{one.file}: {one.gate}')}::"
        f"{_message(f'{one.words} ({one.where})')}"
        for one in checks
        if one.outcome != "passed"
    ]


def _text(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
