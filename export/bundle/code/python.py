"""A Python module for a .tflite or .onnx file, which an app's code can be held against."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.export.bundle.code.literals import comment, number, python_text, single
from _edgeship.export.bundle.code.rendering import render
from _edgeship.export.bundle.code.view import FileView, PictureView, PortView

FOLDER = "code/python"


@dataclass(frozen=True)
class _Runtime:
    """How Python runs the files of a target.

    Attributes:
        package: As pip knows it.
        imported: The line that imports it.
        opened: The line that opens the file at ``path``.
        run: The lines that run it.
    """

    package: str
    imported: str
    opened: tuple[str, ...]
    run: tuple[str, ...]


_RUNTIMES = {
    "tflite": _Runtime(
        "ai-edge-litert",
        "from ai_edge_litert.interpreter import Interpreter",
        (
            "self.interpreter = Interpreter(str(path))",
            "self.interpreter.allocate_tensors()",
        ),
        (
            "details = self.interpreter.get_input_details()",
            "for detail, values in zip(details, inputs, strict=True):",
            '    self.interpreter.set_tensor(detail["index"], values)',
            "self.interpreter.invoke()",
            'given = [each["index"] for each in self.interpreter.get_output_details()]',
            "stored = [self.interpreter.get_tensor(index) for index in given]",
            "return {port.name: each for port, each in zip(OUTPUTS, stored, strict=True)}",
        ),
    ),
    "onnx": _Runtime(
        "onnxruntime",
        "import onnxruntime",
        ('self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])',),
        (
            "given = {port.name: each for port, each in zip(INPUTS, inputs, strict=True)}",
            "names = [port.name for port in OUTPUTS]",
            "return dict(zip(names, self.session.run(names, given), strict=True))",
        ),
    ),
}


def python(view: FileView, target: str, name: str) -> dict[str, bytes]:
    """Return the module.

    Args:
        view: The file.
        target: ``tflite`` or ``onnx``.
        name: Of the module.

    Returns:
        Path in the bundle -> content.
    """
    runtime = _RUNTIMES[target]
    path = f"{FOLDER}/{name}.py"
    scored = [port for port in view.outputs if port.classes and port.kind == "real"]
    values = {
        "path": path,
        "package": runtime.package,
        "imported": runtime.imported,
        "opened": "\n        ".join(runtime.opened),
        "run": runtime.run,
        "file": python_text(view.file),
        "file_note": comment(view.file),
        "sha256": python_text(view.sha256),
        "about": comment(view.about),
        "inputs": [_port(port) for port in view.inputs],
        "outputs": [_port(port) for port in view.outputs],
        "scored": python_text(scored[0].name) if scored else "",
        "picture": _picture(view.picture) if view.picture else None,
    }
    return {path: render("reference.py.jinja", values)}


def _port(port: PortView) -> dict[str, str]:
    words = [python_text(port.name), python_text(port.dtype), str(port.shape)]
    if port.scale is not None:
        words += [number(port.scale), str(port.zero_point)]
    if port.labels:
        words.append(f"labels={python_text(port.labels)}")
    if port.classes and port.logits:
        words.append("logits=True")
    return {"note": comment(port.note), "value": f"Port({', '.join(words)})"}


def _picture(picture: PictureView) -> dict[str, object]:
    return {
        "height": picture.height,
        "width": picture.width,
        "crop": number(picture.crop),
        "mode": '"L"' if picture.channels == 1 else '"RGB"',
        "mean": [single(each) for each in picture.mean],
        "std": [single(each) for each in picture.std],
        "blue_first": picture.blue_first,
        "channels_first": picture.channels_first,
    }
