"""The sweep file: networks by targets by schemes by options, as TOML that is checked whole.

A fault ends in one sentence that names the place in the file, as ``networks[2].weights``.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from _edgeship.errors import InputError
from _edgeship.export.sweep.options import Options, Table, Texts, several
from _edgeship.files import read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def _as_table(value: Any) -> Any:
    """Return a network as a table, where it is a name alone."""
    return {"model": value} if isinstance(value, str) else value


def _bytes(value: Any) -> Any:
    """Return a number of bytes from a text such as ``4 GB``."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMG]i?B)\s*", value)
    if found is None:
        raise ValueError(f"{value!r} is no amount of memory, such as '4 GB' or '512 MiB'")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Check that a list has something in it, and nothing twice."""
    if not names:
        raise ValueError("it is empty")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is there twice")
    return names


Names = Annotated[Texts, AfterValidator(_once)]


class Network(Options):
    """A network, with options of its own.

    Attributes:
        model: A name or a pattern of the registry, FILE.onnx, FILE.py:FUNCTION, and so on.
        name: What it is called in tables; by default as its model.
        depends: Files and patterns of files that its code reads, besides those that it imports.
    """

    model: str
    name: str = ""
    depends: Texts = ()


class Choice(Table):
    """Some of the combinations; a list that is left out stands for all.

    Attributes:
        networks: Names of networks, or patterns.
        targets: Names of targets.
        schemes: Names of schemes.
        options: Names of tables of options.
    """

    networks: Names | None = None
    targets: Names | None = None
    schemes: Names | None = None
    options: Names | None = None


class Evaluate(Choice):
    """Which files are evaluated, all by default, and on which pictures.

    Attributes:
        data: A folder or a zip file with a folder per class, or a list of path,label.
        limit: The most pictures, as many of each class.
        seed: Draws these.
        labels: A file with the names of the classes in the order of the scores.
        ignore_labels: Whether files are compared with their networks only.
    """

    data: str
    limit: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    labels: str | None = None
    ignore_labels: bool = False


class Limits(Table):
    """What one export or evaluation may take.

    Attributes:
        memory: Bytes of all its processes together; in the file as ``"4 GB"``.
        minutes: Of time.
        retries: How often what was lost with a machine is done again.
        lease_minutes: After which others do what a farm has taken that died, of those that share a
            store.
    """

    memory: Annotated[int, BeforeValidator(_bytes), Field(ge=10**8)] = 6 * 10**9
    minutes: Annotated[float, Field(gt=0)] = 30.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    lease_minutes: Annotated[float, Field(gt=0)] = 2.0


class Measure(Table):
    """How `device_bench farm` measures; `python -m export sweep` does not read it.

    Attributes:
        on: Models of phones, as `device_bench devices` prints them, or ``any``: each file is
            measured once on each. Without it, once on each model that is there.
        away_minutes: How long a phone that went away is waited for before another one does its job.
        minutes: Of time for a job: the files of one network on one phone.

    The others are those of `device_bench run`.
    """

    on: Names | None = None
    runner: str = "native"
    accelerator: str = "cpu"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    cores: str | None = None
    rounds: Annotated[int, Field(ge=1)] | None = None
    runs: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[float, Field(ge=0)] | None = None
    warmup: Annotated[float, Field(ge=0)] | None = None
    timeout: Annotated[float, Field(ge=1)] | None = None
    away_minutes: Annotated[float, Field(ge=0)] = 3.0
    minutes: Annotated[float, Field(gt=0)] = 60.0


class SweepFile(Table):
    """What a sweep file says.

    Attributes:
        networks: All of them.
        targets: What to write.
        schemes: How; each target writes those that it has.
        options: Name -> options; each network is exported with each.
        include: Further combinations.
        exclude: Combinations that are left out.
        limits: What one export or evaluation may take.
        evaluate: How files are evaluated; None if they are not.
        measure: How files are measured on phones.
    """

    networks: Annotated[
        tuple[Annotated[Network, BeforeValidator(_as_table)], ...],
        BeforeValidator(several),
        Field(min_length=1),
    ]
    targets: Names = ("tflite",)
    schemes: Names = ("none",)
    options: dict[str, Options] = Field(default_factory=dict)
    include: tuple[Choice, ...] = ()
    exclude: tuple[Choice, ...] = ()
    limits: Limits = Field(default_factory=Limits)
    evaluate: Evaluate | None = None
    measure: Measure = Field(default_factory=Measure)


def read_sweep(path: Path) -> SweepFile:
    """Read and check a sweep file.

    Raises:
        InputError: It does not exist, is no TOML, or a key or a value is wrong: the first fault.
    """
    try:
        content = tomllib.loads(read_bytes(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.", why=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{path} is not TOML.", why=str(error), todo="mend it there; docs/farm.md shows one"
        ) from error
    try:
        return SweepFile.model_validate(content)
    except ValidationError as error:
        raise _fault(path, error) from error


def _fault(path: Path, error: ValidationError) -> InputError:
    """Return the first fault of a file as a sentence, and what was probably meant."""
    # A misspelt key is both unknown and missing: what is there says more.
    faults = error.errors()
    unknown = [one for one in faults if one["type"] == "extra_forbidden"]
    first = (unknown or faults)[0]
    kind, place = first["type"], first["loc"]
    where = _place(place)
    if kind == "extra_forbidden":
        known = _keys_beside(place)
        close = difflib.get_close_matches(str(place[-1]), known, n=1)
        todo = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        return InputError(f"{path}: there is no key {where}.", todo=todo)
    if kind == "missing":
        return InputError(f"{path}: the key {where} is missing.", todo="add it")
    reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    if kind == "too_short":
        return InputError(f"{path}: {where} is empty.", todo="name something in it")
    value = "" if kind == "value_error" else f" It is {first['input']!r}."
    return InputError(f"{path}: {where}: {reason}.{value}", todo="mend it there")


def _place(place: Sequence[str | int]) -> str:
    """Return a place as in the file, with entries of lists counted from 1."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _keys_beside(place: Sequence[str | int]) -> list[str]:
    """Return the keys of the table that an unknown one is in."""
    found: type[BaseModel] = SweepFile
    for part in place[:-1]:
        field = {each.alias: each for each in found.model_fields.values()}.get(str(part))
        inner = None if field is None else _table_in(field.annotation)
        found = inner or found
    return [each.alias or name for name, each in found.model_fields.items()]


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a type is, or is a list or a mapping of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
