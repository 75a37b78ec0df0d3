"""Java class files: what a class declares, and what it refers to.

The format is chapter 4 of the Java Virtual Machine Specification.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PUBLIC, PRIVATE, PROTECTED, STATIC, FINAL = 0x1, 0x2, 0x4, 0x8, 0x10
SYNTHETIC, INTERFACE, ABSTRACT = 0x1000, 0x200, 0x400

# Tag of a constant -> how many bytes follow it, where that is fixed.
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 18: 4}
_UTF8, _CLASS, _STRING, _NAME_AND_TYPE = 1, 7, 8, 12
_WIDE = (5, 6)
_REFERENCES = {9: "field", 10: "method", 11: "method"}


class ClassFileError(Exception):
    """The bytes are no class file that we can read."""


@dataclass(frozen=True)
class Member:
    """A field or a method.

    Attributes:
        name: Its name; ``<init>`` for constructors.
        descriptor: Its type, such as ``(ILjava/lang/String;)V``; that of a method names what it
            returns.
        flags: Access flags.
        constant: Value of a constant field, None for others.
        notes: Annotations, as descriptors of their types.
    """

    name: str
    descriptor: str
    flags: int
    constant: int | float | str | None
    notes: frozenset[str]


@dataclass(frozen=True)
class Reference:
    """What a class says of a member of another one: owner, name and type."""

    kind: str
    owner: str
    name: str
    descriptor: str


@dataclass(frozen=True)
class ClassFile:
    """A class; names have slashes.

    Attributes:
        name: Its name.
        flags: Access flags.
        parent: The class that it extends; "" for Object.
        interfaces: The interfaces that it names.
        members: (kind, name, descriptor) -> what it declares; the kind is "field" or "method".
        references: The members that its code uses.
        classes: The classes that its constants name, arrays as what they hold.
        notes: Annotations, as descriptors of their types.
    """

    name: str
    flags: int
    parent: str
    interfaces: tuple[str, ...]
    members: Mapping[tuple[str, str, str], Member]
    references: frozenset[Reference]
    classes: frozenset[str]
    notes: frozenset[str]


class Library:
    """Classes by name, from jars or from folders; the first that has a name wins.

    Args:
        places: Jars and folders.
    """

    def __init__(self, *places: Path) -> None:
        self._found: dict[str, Callable[[], bytes]] = {}
        self._read: dict[str, ClassFile] = {}
        for place in reversed(places):
            self._found |= _in_folder(place) if place.is_dir() else _in_jar(place)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found))

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> ClassFile:
        if name not in self._read:
            self._read[name] = parse(self._found[name]())
        return self._read[name]

    def ancestors(self, name: str) -> Iterator[ClassFile]:
        """Yield a class, what it extends and what it implements, as far as they are here."""
        if name in self:
            own = self[name]
            yield own
            for other in (own.parent, *own.interfaces):
                yield from self.ancestors(other)

    def find(self, owner: str, kind: str, name: str, descriptor: str) -> Member | None:
        """Return a member as the JVM finds it: of the class or of those above it."""
        for own in self.ancestors(owner):
            member = own.members.get((kind, name, descriptor))
            if member is not None:
                return member
        return None


def _in_folder(folder: Path) -> dict[str, Callable[[], bytes]]:
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_bytes
        for path in folder.rglob("*.class")
    }


def _in_jar(jar: Path) -> dict[str, Callable[[], bytes]]:
    archive = zipfile.ZipFile(jar)

    def reader(name: str) -> Callable[[], bytes]:
        return lambda: archive.read(name)

    return {
        name.removesuffix(".class"): reader(name)
        for name in archive.namelist()
        if name.endswith(".class")
    }


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise ClassFileError("it ends too early")
        self._at += count
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")


def parse(data: bytes) -> ClassFile:
    """Read one class.

    Raises:
        ClassFileError: It is none.
    """
    reader = _Reader(data)
    if reader.number(4) != 0xCAFEBABE:
        raise ClassFileError("it does not begin as one")
    reader.take(4)
    pool = _Pool(reader)
    flags, own, parent = (reader.number(2) for _ in range(3))
    interfaces = tuple(pool.class_name(reader.number(2)) for _ in range(reader.number(2)))
    members = {}
    for kind in ("field", "method"):
        for _ in range(reader.number(2)):
            member = _member(reader, pool)
            members[kind, member.name, member.descriptor] = member
    _, notes = _attributes(reader, pool)
    return ClassFile(
        name=pool.class_name(own),
        flags=flags,
        parent=pool.class_name(parent) if parent else "",
        interfaces=interfaces,
        members=members,
        references=frozenset(pool.references()),
        classes=frozenset(pool.classes()),
        notes=notes,
    )


class _Pool:
    """The constants of a class, by number."""

    def __init__(self, reader: _Reader) -> None:
        self._entries: dict[int, tuple[int, bytes]] = {}
        count = reader.number(2)
        index = 1
        while index < count:
            tag = reader.number(1)
            if tag == _UTF8:
                body = reader.take(reader.number(2))
            elif tag in _SIZES:
                body = reader.take(_SIZES[tag])
            else:
                raise ClassFileError(f"a constant of the unknown kind {tag}")
            self._entries[index] = (tag, body)
            index += 2 if tag in _WIDE else 1

    def text(self, index: int) -> str:
        tag, body = self._entries[index]
        if tag != _UTF8:
            raise ClassFileError(f"constant {index} is no text")
        # Modified UTF-8 differs in what names and descriptors do not have.
        return body.decode("utf-8", "surrogatepass")

    def class_name(self, index: int) -> str:
        return self.text(int.from_bytes(self._entries[index][1], "big"))

    def value(self, index: int) -> int | float | str:
        tag, body = self._entries[index]
        if tag == _STRING:
            return self.class_name(index)
        if tag in (3, 5):
            return int.from_bytes(body, "big", signed=True)
        value: float = struct.unpack(">f" if tag == 4 else ">d", body)[0]
        return value

    def references(self) -> Iterator[Reference]:
        for tag, body in self._entries.values():
            if tag in _REFERENCES:
                owner, described = struct.unpack(">HH", body)
                name, descriptor = struct.unpack(">HH", self._entries[described][1])
                yield Reference(
                    _REFERENCES[tag],
                    self.class_name(owner),
                    self.text(name),
                    self.text(descriptor),
                )

    def classes(self) -> Iterator[str]:
        for index, (tag, _) in self._entries.items():
            if tag == _CLASS:
                name = self.class_name(index).lstrip("[")
                if name.endswith(";"):
                    name = name[1:-1]
                if len(name) > 1:  # Otherwise it is an array of numbers.
                    yield name


def _member(reader: _Reader, pool: _Pool) -> Member:
    flags, name, descriptor = (reader.number(2) for _ in range(3))
    constant, notes = _attributes(reader, pool)
    return Member(pool.text(name), pool.text(descriptor), flags, constant, notes)


def _attributes(reader: _Reader, pool: _Pool) -> tuple[int | float | str | None, frozenset[str]]:
    """Return the constant and the annotations among the attributes."""
    constant: int | float | str | None = None
    notes: set[str] = set()
    for _ in range(reader.number(2)):
        name = pool.text(reader.number(2))
        body = _Reader(reader.take(reader.number(4)))
        if name == "ConstantValue":
            constant = pool.value(body.number(2))
        elif name in ("RuntimeInvisibleAnnotations", "RuntimeVisibleAnnotations"):
            for _ in range(body.number(2)):
                notes.add(_annotation(body, pool))
    return constant, frozenset(notes)


def _annotation(body: _Reader, pool: _Pool) -> str:
    """Return the type of an annotation, and skip the values that it has."""
    name = pool.text(body.number(2))
    for _ in range(body.number(2)):
        body.take(2)
        _skip_value(body, pool)
    return name


def _skip_value(body: _Reader, pool: _Pool) -> None:
    kind = body.take(1)
    if kind == b"[":
        for _ in range(body.number(2)):
            _skip_value(body, pool)
    elif kind == b"@":
        _annotation(body, pool)
    else:
        body.take(4 if kind == b"e" else 2)
