"""Hostile .mlpackage folders, and some .aimodel folders: in their messages, files and names."""

from __future__ import annotations

import json

import numpy as np
from numpy.random import Generator

from tests.fuzz.commands.case import PIPE, Case, drawn
from tests.fuzz.commands.seeds import asset_seeds, chosen, package_seeds
from tests.fuzz.damage import NUMBERS, TEXTS, damaged, early, other_json, pick
from tests.fuzz.protobuf_mutations import damage

_MODEL = "Data/com.apple.CoreML/model.mlmodel"
_WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
_MANIFEST = "Manifest.json"

#: What in a package is damaged, and how often, in hundredths.
_PARTS = (50, 8, 16, 12, 14)

_COMMANDS = (
    (41, ("inspect", "FILE")),
    (40, ("verify", "FILE")),
    (4, ("diff", "OTHER", "FILE")),
    (15, ("evaluate", "FILE", "--data", "PICTURES")),
)

#: Running an asset starts a process with Apple's runtime, which takes a second.
_ASSET_COMMANDS = (
    (88, ("inspect", "FILE")),
    (2, ("diff", "OTHER", "FILE")),
    (10, ("verify", "FILE")),
)

#: One case in so many is an .aimodel.
_ASSETS_EVERY = 12

_PLACES = ("/dev/zero", "/etc/passwd", ".", "..", "missing", "/proc/self/mem", PIPE)

#: More than a package may have.
_MANY = 1_100


def package_case(number: int) -> Case:
    """Return a package and its command."""
    rng = np.random.default_rng((4, number))
    if rng.integers(_ASSETS_EVERY) == 0 and asset_seeds():
        return _asset(rng)
    sound = chosen(package_seeds(), rng)
    files, links = dict(sound), {}
    part = int(rng.choice(len(_PARTS), p=np.array(_PARTS) / sum(_PARTS)))
    if part == 0:
        files[_MODEL] = _other_model(files[_MODEL], rng)
    elif part == 1:
        files[_MODEL] = damaged(files[_MODEL], rng)
    elif part == 2:
        files[_WEIGHTS] = _other_weights(files.get(_WEIGHTS, b""), rng)
    elif part == 3:
        files[_MANIFEST] = _other_manifest(files[_MANIFEST], rng)
    else:
        files, links = _other_files(files, rng)
    return _placed("net.mlpackage", files, links, sound, drawn(_COMMANDS, rng))


def _placed(
    name: str,
    files: dict[str, bytes],
    links: dict[str, str],
    sound: dict[str, bytes],
    words: tuple[str, ...],
) -> Case:
    laid = {f"{name}/{path}" if path else name: data for path, data in files.items()}
    if "OTHER" in words:
        laid |= {f"other.{name.partition('.')[2]}/{path}": data for path, data in sound.items()}
    return Case(name, laid, words, {f"{name}/{path}": to for path, to in links.items()})


def _other_model(data: bytes, rng: Generator) -> bytes:
    """Return a model with other fields; mostly in its program, which is what is executed."""
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model.FromString(data)
    whole = rng.random() < 0.25
    part = model
    if not whole and model.HasField("mlProgram"):
        function = next(iter(model.mlProgram.functions.values()))
        blocks = list(function.block_specializations.values())
        operations = [one for block in blocks for one in block.operations]
        part = pick(rng, operations) if operations and rng.random() < 0.6 else model.mlProgram
    if part is not model and rng.random() < 0.15 and part is not model.mlProgram:
        _rename(part, rng)
    else:
        damage(part, rng)
    return bytes(model.SerializeToString())


def _rename(operation: object, rng: Generator) -> None:
    """Make another operator of one."""
    from _edgeship.export.coreml.evaluator.ops import COMPUTATIONS

    operation.type = pick(rng, [*sorted(COMPUTATIONS), "nonsense"])  # type: ignore[attr-defined]


def _other_weights(data: bytes, rng: Generator) -> bytes:
    """Return weights of which a number in a header or in a record is another."""
    if not data or rng.random() < 0.3:
        return damaged(data, rng)
    changed = bytearray(data)
    starts = [at for at in range(0, len(data), 64) if data[at : at + 4] == b"\xef\xbe\xad\xde"]
    at = pick(rng, [0, *starts])
    size, place = pick(rng, ((4, 0), (4, 4), (8, 8), (8, 16), (8, 24)))
    number = int(pick(rng, (*NUMBERS, *starts, len(data), len(data) - 64))) % 2 ** (8 * size)
    changed[at + place : at + place + size] = number.to_bytes(size, "little")
    return bytes(changed)


def _other_manifest(data: bytes, rng: Generator) -> bytes:
    way = rng.random()
    if way < 0.7:
        changed = other_json(json.loads(data), rng)
        return json.dumps(changed, ensure_ascii=bool(rng.integers(2))).encode(
            errors="surrogatepass"
        )
    if way < 0.8:
        return pick(
            rng, (b"", b"[" * 200_000, b'{"a":' * 100_000, b"\xef\xbb\xbf" + data, b"9" * 9999)
        )
    return damaged(data, rng)


def _other_files(
    files: dict[str, bytes], rng: Generator
) -> tuple[dict[str, bytes], dict[str, str]]:
    """A file that is missing, is another, is none, or has an odd name; or far too many."""
    name = pick(rng, sorted(files))
    way = rng.integers(7)
    if way == 0:
        del files[name]
    elif way == 1:
        del files[name]
        return files, {name: pick(rng, _PLACES)}
    elif way == 2:
        odd = pick(rng, [one for one in TEXTS if one and "/" not in one and "\0" not in one])[:200]
        files[f"Data/com.apple.CoreML/{odd}"] = b"odd"
    elif way == 3:
        files |= {f"Data/{number}": b"" for number in range(_MANY)}
    elif way == 4:
        del files[name]
        files[f"{name}/inside"] = b""
    elif way == 5:
        return {"": files[name]}, {}  # a file and no folder
    else:
        return files, {"Data/link": pick(rng, _PLACES)}
    return files, {}


def _asset(rng: Generator) -> Case:
    sound = chosen(asset_seeds(), rng)
    files, links = dict(sound), {}
    way = rng.random()
    name = pick(rng, sorted(files))
    if way < 0.35:
        files["metadata.json"] = _other_manifest(files["metadata.json"], rng)
    elif way < 0.6:
        files["main.mlirb"] = damaged(files["main.mlirb"], rng)
    elif way < 0.75:
        files["main.mlirb"] = early(files["main.mlirb"], rng)
    elif way < 0.85:
        del files[name]
    elif way < 0.92:
        del files[name]
        links = {name: pick(rng, _PLACES)}
    else:
        files[name] = damaged(files[name], rng)
    return _placed("net.aimodel", files, links, sound, drawn(_ASSET_COMMANDS, rng))
