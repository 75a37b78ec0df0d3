"""A Kotlin class for a .tflite file, on the class Interpreter that LiteRT has for Android."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from _edgeship.errors import UnsupportedError
from _edgeship.export.bundle.code.class_values import class_values, port_note
from _edgeship.export.bundle.code.literals import comment, kotlin_text, number, single
from _edgeship.export.bundle.code.names import KOTLIN, apart, member_name
from _edgeship.export.bundle.code.rendering import as_it_is, render
from _edgeship.export.bundle.code.view import FileView, PictureView, PortView

FOLDER = "code/kotlin"

_SHARED = "CoverAndCrop.kt"

#: Names that the class uses itself.
_TAKEN = ("stored", "given", "interpreter", "value", "it", "labels", "threads", "model", "outputs")

#: NumPy's name of a type -> how one of its elements is read from a buffer, and its bytes.
_READ = {
    "float32": ("{buffer}.getFloat()", 4),
    "int8": ("{buffer}.get()", 1),
    "uint8": ("({buffer}.get().toInt() and 255)", 1),
    "int16": ("{buffer}.getShort()", 2),
    "uint16": ("({buffer}.getShort().toInt() and 65535)", 2),
    "int32": ("{buffer}.getInt()", 4),
    "uint32": ("(({buffer}.getInt().toLong()) and 4294967295L)", 4),
    "int64": ("{buffer}.getLong()", 8),
    "bool": ("({buffer}.get().toInt() != 0)", 1),
}

_WRITE = {
    "float32": "{buffer}.putFloat({value})",
    "int8": "{buffer}.put({value}.toByte())",
    "uint8": "{buffer}.put({value}.toByte())",
    "int16": "{buffer}.putShort({value}.toShort())",
    "uint16": "{buffer}.putShort({value}.toShort())",
    "int32": "{buffer}.putInt({value})",
    "uint32": "{buffer}.putInt({value}.toInt())",
    "int64": "{buffer}.putLong({value})",
    "bool": "{buffer}.put(if ({value}) 1 else 0)",
}


@dataclass(frozen=True)
class _Member:
    """A port as the template shows it."""

    name: str
    type: str
    size: int
    note: str
    what: str
    buffer: str
    put: str
    get: str

    @property
    def parameter(self) -> str:
        return f"{self.name}: {self.type}"


def kotlin(view: FileView, name: str) -> dict[str, bytes]:
    """Return the class, and what it uses.

    Args:
        view: The file.
        name: Of the class.

    Returns:
        Path in the bundle -> content.

    Raises:
        UnsupportedError: A port is of a type that the class cannot store.
    """
    inputs = _members(view.inputs, "stored")
    outputs = _members(view.outputs, "given")
    values = {
        **class_values(view, name, [each.name for each in outputs], kotlin_text, "emptyList()"),
        "sha256": kotlin_text(view.sha256),
        "inputs": inputs,
        "outputs": outputs,
        "quantized": any(port.scale is not None for port in view.inputs),
        "picture": _picture(view.picture) if view.picture else None,
    }
    files = {f"{FOLDER}/{name}.kt": render("class.kt.jinja", values)}
    if view.picture:
        files[f"{FOLDER}/{_SHARED}"] = as_it_is(_SHARED)
    return files


def _members(ports: Sequence[PortView], buffers: str) -> list[_Member]:
    names = apart([member_name(port.name, KOTLIN) for port in ports], _TAKEN)
    return [
        _member(port, name, f"{buffers}[{index}]")
        for index, (port, name) in enumerate(zip(ports, names, strict=True))
    ]


def _member(port: PortView, name: str, buffer: str) -> _Member:
    if port.dtype not in _READ:
        raise UnsupportedError(
            f"No Kotlin code can be written for {port.dtype[:30]!r}.", where=comment(port.name)
        )
    read, width = _READ[port.dtype]
    write = "{buffer}.put({value})" if port.kind == "bytes" else _WRITE[port.dtype]
    element = read.format(buffer=buffer)
    value = "value"
    if port.scale is not None:
        least, most = port.limits
        value = f"integer(value, {single(port.scale)}f, {port.zero_point}, {least}..{most})"
        centred = (
            f"{element} - {port.zero_point}"
            if port.zero_point >= 0
            else (f"{element} + {-port.zero_point}")
        )
        element = f"(({centred}) * {number(port.scale)}).toFloat()"
    elif _type(port) == "IntArray":
        element = element if port.dtype in ("int32", "uint8", "uint16") else f"{element}.toInt()"
    return _Member(
        name,
        _type(port),
        port.size,
        port_note(port),
        _what(port),
        f"buffer({port.size * width})",
        write.format(buffer=buffer, value=value),
        element,
    )


def _what(port: PortView) -> str:
    if port.kind == "bytes":
        return "the bytes of a picture, 0 to 255"
    words = "numbers" if port.kind == "real" else "elements"
    return f"{port.size} {words}, row by row" if port.size > 1 else words[:-1]


def _type(port: PortView) -> str:
    if port.kind == "real":
        return "FloatArray"
    if port.kind == "bytes":
        return "ByteArray"
    if port.kind == "truth":
        return "BooleanArray"
    return "LongArray" if port.dtype in ("int64", "uint32") else "IntArray"


def _picture(picture: PictureView) -> dict[str, object]:
    pixels, channels = picture.height * picture.width, picture.channels
    channel = "0" if channels == 1 else f"i % {channels}"
    if picture.blue_first:
        channel = f"{channels - 1} - {channel}"
    target = "numbers[i]"
    if channels > 1 and picture.channels_first:
        target = f"numbers[channel * {pixels} + i / {channels}]"
    elif picture.blue_first:
        target = "numbers[i - i % 3 + channel]"
    byte = "(pixels[i].toInt() and 255)"
    value = f"({byte} / 255f - MEAN[channel]) / STD[channel]" if picture.mean else "pixels[i]"
    return {
        "height": picture.height,
        "width": picture.width,
        "channels": channels,
        "crop": number(picture.crop),
        "mean": [f"{single(each)}f" for each in picture.mean],
        "std": [f"{single(each)}f" for each in picture.std],
        "plain": not picture.mean and not picture.channels_first and not picture.blue_first,
        "channel": channel,
        "target": target,
        "value": value,
    }
