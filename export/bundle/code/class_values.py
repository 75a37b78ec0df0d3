"""What the templates of a class of Kotlin and of Swift are both filled with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from _edgeship.export.bundle.code.literals import comment
from _edgeship.export.bundle.code.rendering import shape_in_words
from _edgeship.export.bundle.code.scores import labels_of, tops_of
from _edgeship.export.bundle.code.view import FileView, PortView


def class_values(
    view: FileView, name: str, outputs: Sequence[str], quoted: Callable[[str], str], none: str
) -> dict[str, object]:
    """Return the values that depend on the language in how texts are written alone.

    Args:
        view: The file.
        name: Of the class.
        outputs: Names of the members for the outputs.
        quoted: Returns a text as a literal of the language.
        none: What is written in place of labels where there are none.
    """
    labels = labels_of(view.outputs, outputs)
    tops = tops_of(view.outputs, outputs, none)
    return {
        "cls": name,
        "file": quoted(view.file),
        "file_note": comment(view.file),
        "about": comment(view.about),
        "labels": [{"name": each, "file": quoted(file)} for file, each in labels.items()],
        "tops": tops,
        "classify": tops[0].name if len(tops) == 1 else "",
        "softmax": any(port.logits and port.classes for port in view.outputs),
    }


def port_note(port: PortView) -> str:
    """Return what is known of a port, for a comment."""
    said = f": {port.note}" if port.note else ""
    return comment(f"{port.name}, {shape_in_words(port)}{said}")
