"""The doubles against Android's classes: what the app uses is there, and is what it says it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.android import classfile
from tests.android.classfile import ClassFile, Library, Member, Reference
from tests.android.unpacked import JSON_JAR, Unpacked, doubles

_HOOK = "Ldev/edgeship/doubles/Hook;"
_INIT = ("method", "<init>", "()V")
_VISIBLE = classfile.PUBLIC | classfile.PROTECTED

# Members that are newer than android.jar (API 23), and since when; the app calls them by name.
_NEWER = {
    ("android/app/Activity", "setShowWhenLocked"): 27,
    ("android/app/Activity", "setTurnScreenOn"): 27,
    ("android/content/pm/PackageInfo", "getLongVersionCode"): 28,
    ("android/os/PowerManager", "getCurrentThermalStatus"): 29,
    ("android/os/PowerManager", "getThermalHeadroom"): 30,
    ("android/os/PowerManager", "isSustainedPerformanceModeSupported"): 24,
    ("android/view/View", "isAccessibilityHeading"): 28,
    ("android/view/View", "setAccessibilityHeading"): 28,
    ("android/view/Window", "setDecorFitsSystemWindows"): 30,
    ("android/view/Window", "setSustainedPerformanceMode"): 24,
    ("android/view/WindowInsets", "getDisplayCutout"): 28,
}
_NEWER_CLASSES = {"android/view/DisplayCutout": 28}


@pytest.fixture(scope="module")
def android(android_jar: Path) -> Library:
    return Library(android_jar)


@pytest.fixture(scope="module")
def mine() -> Library:
    return Library(doubles())


@pytest.fixture(scope="module")
def classes(unpacked: Unpacked) -> Library:
    return Library(unpacked.folder / "classes.jar")


def _frameworks(library: Library) -> list[str]:
    return [name for name in library if name.startswith("android/")]


def _is_hook(library: Library, name: str, member: tuple[str, str, str]) -> bool:
    """Whether a member, or the one that it overrides, is there for the tests alone."""
    return any(
        _HOOK in own.notes or _HOOK in own.members[member].notes
        for own in library.ancestors(name)
        if member in own.members
    )


def _lost(places: Sequence[Callable[[str], ClassFile | None]], app: Library) -> set[str]:
    """Return what the app's code uses and no class has, looked up as the JVM does it."""

    def found(owner: str, wanted: Reference) -> bool:
        own = next((known for place in places if (known := place(owner))), None)
        if own is None:
            return False
        return (wanted.kind, wanted.name, wanted.descriptor) in own.members or any(
            found(above, wanted) for above in (own.parent, *own.interfaces)
        )

    return {
        f"{each.owner}.{each.name}{each.descriptor}"
        for name in app
        for each in app[name].references
        # Arrays have what Object has.
        if not found("java/lang/Object" if each.owner.startswith("[") else each.owner, each)
        and not (each.owner.startswith("[") and each.name == "clone")
    }


def _of(library: Library, prefix: str = "") -> Callable[[str], ClassFile | None]:
    return lambda name: library[name] if name.startswith(prefix) and name in library else None


def test_all_that_the_app_uses_is_in_android(classes, android):
    assert _lost([_of(classes), _of(android)], classes) == set()


def test_all_that_the_app_uses_has_a_double(classes, mine, android):
    places = [_of(classes), _of(mine), _of(Library(JSON_JAR)), _of(android, "java/")]

    assert _lost(places, classes) == set()


def test_all_classes_that_the_app_names_are_in_android(classes, android):
    named = {other for name in classes for other in classes[name].classes}

    assert {
        name
        for name in named
        if not name.startswith("java/") and name not in android and name not in classes
    } == set()


def test_doubles_are_what_android_has(mine, android):
    wrong = []
    for name in _frameworks(mine):
        own = mine[name]
        # What is not public is how a double works.
        if name in _NEWER_CLASSES or not own.flags & classfile.PUBLIC:
            continue
        if name in _NEWER_CLASSES:
            continue
        assert name in android, f"there is no {name}"
        if (own.flags ^ android[name].flags) & (classfile.INTERFACE | classfile.ABSTRACT):
            wrong.append(f"{name}: interface or abstract")
        above = {each.name for each in android.ancestors(name)} | {"java/lang/Object"}
        for other in (own.parent, *own.interfaces):
            if other not in above:
                wrong.append(f"{name} is no {other}")
        for member, found in own.members.items():
            if _is_copied(mine, name, member):
                real = android.find(name, *member)
                wrong.extend(_differences(f"{name}.{found.name}", found, real))
    assert wrong == []


def _is_copied(mine: Library, name: str, member: tuple[str, str, str]) -> bool:
    """Whether android.jar must have a member, too."""
    found = mine[name].members[member]
    return (
        bool(found.flags & _VISIBLE)
        and not found.flags & classfile.SYNTHETIC
        # Java adds one where none is written.
        and member != _INIT
        and not _is_hook(mine, name, member)
        and (name, found.name) not in _NEWER
    )


def _differences(name: str, own: Member, real: Member | None) -> Iterator[str]:
    if real is None or not real.flags & _VISIBLE:
        yield f"{name}{own.descriptor} is not there"
    elif (real.flags ^ own.flags) & classfile.STATIC:
        yield f"{name}{own.descriptor}: static"
    elif own.constant is not None and real.constant != own.constant:
        yield f"{name} is {real.constant}, not {own.constant}"


def test_what_is_called_newer_is_newer(mine, android):
    for (owner, member), _ in _NEWER.items():
        assert owner in mine
        names = {name for each in android.ancestors(owner) for _, name, _ in each.members}
        assert member not in names, f"{owner}.{member} is not newer"
    assert all(name not in android for name in _NEWER_CLASSES)
