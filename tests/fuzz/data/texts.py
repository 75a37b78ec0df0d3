"""Hostile texts: names of classes, lists of pictures, manifests."""

from __future__ import annotations

import json

from numpy.random import Generator

from tests.fuzz.commands.case import PIPE, Case, drawn
from tests.fuzz.commands.seeds import whole_export
from tests.fuzz.damage import TEXTS, damaged, other_json, pick
from tests.fuzz.data.pictures import NETWORK, hostile_picture, sound

_LABEL_COMMANDS = (
    (60, ("evaluate", "FILE", "--data", "pictures", "--labels", "labels.txt")),
    (40, ("net.onnx", "--to", "tflite", "--labels", "labels.txt")),
)

_LIST_COMMANDS = (
    (80, ("evaluate", "FILE", "--data", "list.csv")),
    (20, ("evaluate", "FILE", "--data", "list.csv", "--ignore-labels")),
)

_MANIFEST_COMMANDS = (
    (45, ("verify", "FILE")),
    (20, ("inspect", "FILE")),
    (17, ("evaluate", "FILE", "--data", "PICTURES")),
    (8, ("diff", "other", ".")),
    (10, ("verify", ".")),
)

_ODD_PATHS = (
    "/dev/zero",
    "/etc/passwd",
    "..",
    "",
    "a/0.png",
    "../a/0.png",
    "/proc/self/mem",
    "pipe",
)


def labels_case(rng: Generator) -> Case:
    """Return a file of names of classes."""
    export = whole_export()
    files = {NETWORK: export[NETWORK], "net.onnx": export["net.onnx"]}
    files |= {f"pictures/class{number}/0.png": sound()[0][1] for number in range(3)}
    files["labels.txt"] = _labels(rng)
    links = {}
    if rng.random() < 0.05:
        del files["labels.txt"]
        links["labels.txt"] = pick(rng, ("/dev/zero", ".", "missing", "/dev/null", PIPE))
    return Case(NETWORK, files, drawn(_LABEL_COMMANDS, rng), links)


def _labels(rng: Generator) -> bytes:
    names = [f"class{number}" for number in range(10)]
    for _ in range(int(rng.integers(0, 3))):
        names[int(rng.integers(10))] = pick(rng, TEXTS)
    way = rng.integers(6)
    if way == 0:
        shown = pick(
            rng, (names, dict(enumerate(names)), {name: at for at, name in enumerate(names)})
        )
        return json.dumps(other_json(json.loads(json.dumps(shown)), rng)).encode()
    if way == 1:
        return damaged("\n".join(names).encode(errors="replace"), rng)
    if way == 2:
        return pick(
            rng, (b"", b"\n" * 10, b"[" * 100_000, b"\xff\xfe" + b"a\0" * 9, b"x" * 11_000_000)
        )
    if way == 3:
        return "\n".join(names * int(rng.integers(2, 2000))).encode(errors="replace")
    end = pick(rng, ("\n", "\r\n", "\r", "\u2028", "\0", "\v"))
    return end.join(names).encode(errors="replace")


def lists_case(rng: Generator) -> Case:
    """Return a list of pictures."""
    files = {NETWORK: whole_export()[NETWORK], "a/0.png": sound()[0][1]}
    suffix, data = hostile_picture(rng)
    files[f"a/1.{suffix}"] = data
    files["list.csv"] = _list(rng, suffix)
    links = {"pipe": PIPE}
    if rng.random() < 0.05:
        del files["list.csv"]
        links["list.csv"] = pick(rng, ("/dev/zero", "missing", "/dev/null", PIPE))
    return Case(NETWORK, files, drawn(_LIST_COMMANDS, rng), links)


def _list(rng: Generator, suffix: str) -> bytes:
    rows = [["path", "label"]] if rng.random() < 0.5 else []
    rows += [["a/0.png", "class1"], [f"a/1.{suffix}", pick(rng, ("class2", "3", "-1", "9" * 30))]]
    if rng.random() < 0.5:
        rows.append([pick(rng, _ODD_PATHS), "class3"])
    if rng.random() < 0.4:
        row = pick(rng, rows)
        row[int(rng.integers(len(row)))] = pick(rng, TEXTS)
    if rng.random() < 0.2:
        pick(rng, rows).append("more")
    text = "\n".join(pick(rng, (",", ",", ",", ";", "\t")).join(row) for row in rows)
    way = rng.integers(5)
    if way == 0:
        return damaged(text.encode(errors="replace"), rng)
    if way == 1:
        return pick(
            rng, (b"", b"\0" * 50, b'"' + b"a" * 200_000, b'"' * 999, text.encode("utf-16"))
        )
    return text.encode(errors="replace")


def manifests_case(rng: Generator) -> Case:
    """Return an export whose manifest.json says something else."""
    export = dict(whole_export())
    files = dict(export)
    data = files["manifest.json"]
    if rng.random() < 0.8:
        files["manifest.json"] = json.dumps(other_json(json.loads(data), rng)).encode()
    elif rng.random() < 0.7:
        files["manifest.json"] = damaged(data, rng)
    else:
        files["manifest.json"] = pick(rng, (b"", b"[" * 200_000, b"null", b'{"a":' * 50_000))
    if rng.random() < 0.1:
        name = pick(rng, sorted(files))
        files[name] = damaged(files[name], rng)
    words = drawn(_MANIFEST_COMMANDS, rng)
    if "other" in words:
        files |= {f"other/{name}": one for name, one in export.items()}
    return Case(NETWORK, files, words)
