"""A Swift class for an .mlpackage, on Core ML, or a .tflite file, on TensorFlow Lite's C API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from _edgeship.errors import UnsupportedError
from _edgeship.export.bundle.code.class_values import class_values, port_note
from _edgeship.export.bundle.code.literals import comment, number, single, swift_text
from _edgeship.export.bundle.code.names import SWIFT, apart, member_name
from _edgeship.export.bundle.code.rendering import as_it_is, render
from _edgeship.export.bundle.code.view import FileView, PictureView, PortView

FOLDER = "code/swift"

_SHARED = "Pixels.swift"

#: Names that the classes use themselves.
_TAKEN = (
    *("interpreter", "model", "given", "results", "result", "array", "feature", "lines", "labels"),
    *("set", "get", "integer", "softmax", "guesses", "picture", "pixels", "outputs", "bundle"),
)

#: NumPy's name of a type -> Swift's.
_STORED = {
    "float32": "Float",
    "int8": "Int8",
    "uint8": "UInt8",
    "int16": "Int16",
    "uint16": "UInt16",
    "int32": "Int32",
    "uint32": "UInt32",
    "int64": "Int64",
    "bool": "UInt8",
}

#: The types that arrays of Core ML have, of those.
_COREML = {"float32": "Float", "float16": "Float", "int32": "Int32"}


#: Returns what a port is given for an array, and what is made of its result.
_Texts = Callable[[PortView, str], tuple[str, str]]


@dataclass(frozen=True)
class _Member:
    """A port as the templates show it."""

    name: str
    literal: str
    type: str
    size: int
    note: str
    what: str
    put: str
    get: str
    single: bool

    @property
    def parameter(self) -> str:
        return f"{'_ ' if self.single else ''}{self.name}: {self.type}"


def swift_tflite(view: FileView, name: str) -> dict[str, bytes]:
    """Return the class for a .tflite file, and what it uses.

    Args:
        view: The file.
        name: Of the class.

    Returns:
        Path in the bundle -> content.

    Raises:
        UnsupportedError: A port is of a type that the class cannot store.
    """
    inputs, outputs = (_members(ports, _tflite_port) for ports in (view.inputs, view.outputs))
    more = {"quantized": any(port.scale is not None for port in view.inputs)}
    return _files("class_tflite.swift.jinja", view, name, inputs, outputs, more)


def swift_coreml(view: FileView, name: str) -> dict[str, bytes]:
    """Return the class for an .mlpackage, and what it uses; likewise."""
    inputs, outputs = (_members(ports, _coreml_port) for ports in (view.inputs, view.outputs))
    pairs = zip(view.outputs, outputs, strict=True)
    dictionaries = [member.name for port, member in pairs if port.kind == "dictionary"]
    image = view.inputs[0].kind == "image" and view.picture is not None
    if any(port.kind == "image" for port in view.inputs) and not image:
        raise UnsupportedError("No Swift code can be written for such pictures.", where=view.file)
    more = {
        "stem": swift_text(PurePosixPath(view.file).stem),
        "by_label": dictionaries[0] if dictionaries else "",
        "takes_arrays": any(port.kind != "image" for port in view.inputs),
        "gives_arrays": any(port.kind in ("real", "integer") for port in view.outputs),
        "image": _image(view.picture) if image and view.picture else None,
    }
    return _files("class_coreml.swift.jinja", view, name, inputs, outputs, more)


def _files(
    template: str,
    view: FileView,
    name: str,
    inputs: Sequence[_Member],
    outputs: Sequence[_Member],
    more: Mapping[str, object],
) -> dict[str, bytes]:
    values = {
        **class_values(view, name, [each.name for each in outputs], swift_text, "[]"),
        "inputs": inputs,
        "outputs": outputs,
        "picture": _picture(view.picture) if view.picture else None,
        **more,
    }
    files = {f"{FOLDER}/{name}.swift": render(template, values)}
    if view.picture:
        files[f"{FOLDER}/{_SHARED}"] = as_it_is(_SHARED)
    return files


def _members(ports: Sequence[PortView], texts: _Texts) -> list[_Member]:
    names = apart([member_name(port.name, SWIFT) for port in ports], _TAKEN)
    return [
        _Member(
            name,
            swift_text(port.name),
            _type(port),
            port.size,
            port_note(port),
            _what(port),
            *texts(port, name),
            single=len(ports) == 1,
        )
        for port, name in zip(ports, names, strict=True)
    ]


def _tflite_port(port: PortView, name: str) -> tuple[str, str]:
    """Return what is stored for an array of a program's, and what becomes of a stored one."""
    stored = _STORED[_known(port, _STORED)]
    if port.scale is not None:
        step, zero = single(port.scale), port.zero_point
        put = f"try {name}.map {{ try Self.integer($0, {step}, {zero}) as {stored} }}"
        real = f"Float(Double(Int($0) - {zero}) * {number(port.scale)})"
        if zero < 0:
            real = real.replace(f"- {zero}", f"+ {-zero}")
        return put, f".map {{ (stored: {stored}) in {real.replace('$0', 'stored')} }}"
    if port.kind == "truth":
        return f"{name}.map {{ $0 ? 1 : 0 as UInt8 }}", ".map { (stored: UInt8) in stored != 0 }"
    return name, ""


def _coreml_port(port: PortView, name: str) -> tuple[str, str]:
    result = f"try result(results, {swift_text(port.name)})"
    if port.kind == "image":
        return f"try feature({name})", ""
    if port.kind == "text":
        return "", f"({result}).stringValue"
    if port.kind == "dictionary":
        return "", f"({result}).dictionaryValue as? [String: Double] ?? [:]"
    _known(port, _COREML)
    return f"try feature({name}, {list(port.shape)})", f"try array({result.removeprefix('try ')})"


def _known(port: PortView, types: Mapping[str, str]) -> str:
    if port.dtype not in types:
        raise UnsupportedError(
            f"No Swift code can be written for {port.dtype[:30]!r}.", where=comment(port.name)
        )
    return port.dtype


def _type(port: PortView) -> str:
    if port.kind == "text":
        return "String"
    if port.kind == "dictionary":
        return "[String: Double]"
    if port.kind in ("image", "bytes"):
        return "[UInt8]"
    if port.kind == "truth":
        return "[Bool]"
    return "[Float]" if port.kind == "real" else f"[{_STORED.get(port.dtype, 'Int32')}]"


def _what(port: PortView) -> str:
    if port.kind in ("bytes", "image"):
        return "The bytes of a picture, 0 to 255"
    words = "numbers" if port.kind == "real" else "elements"
    return f"{port.size} {words}, row by row" if port.size > 1 else f"One {words[:-1]}"


def _picture(picture: PictureView) -> dict[str, object]:
    pixels, channels = picture.height * picture.width, picture.channels
    # Core ML turns colours itself where it takes a picture.
    blue_first = picture.blue_first and bool(picture.mean)
    channel = "0" if channels == 1 else f"i % {channels}"
    if blue_first:
        channel = f"{channels - 1} - {channel}"
    target = "i"
    if channels > 1 and picture.channels_first:
        target = f"channel * {pixels} + i / {channels}"
    elif blue_first:
        target = f"i - i % {channels} + channel"
    scaled = "(Float(pixels[i]) / 255 - mean[channel]) / std[channel]"
    return {
        "height": picture.height,
        "width": picture.width,
        "channels": channels,
        "crop": number(picture.crop),
        "mean": [single(each) for each in picture.mean],
        "std": [single(each) for each in picture.std],
        "plain": not picture.mean and not (picture.channels_first and channels > 1),
        "channel": channel,
        "target": target,
        "value": scaled if picture.mean else "pixels[i]",
    }


def _image(picture: PictureView) -> dict[str, object]:
    kind = "OneComponent8" if picture.channels == 1 else "32BGRA"
    return {
        "height": picture.height,
        "width": picture.width,
        "channels": picture.channels,
        "format": f"kCVPixelFormatType_{kind}",
    }
