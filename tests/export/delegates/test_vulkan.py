from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

import pytest

from _edgeship.export.delegates import vulkan
from _edgeship.export.delegates.vulkan import LOADER, Vulkan, candidates


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file system with a browser that brings a loader and SwiftShader, and nothing else."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    browser = tmp_path / "usr/lib/chromium"
    browser.mkdir(parents=True)
    (browser / LOADER).touch()
    (browser / "vk_swiftshader_icd.json").touch()
    return tmp_path


def test_a_browser_brings_all_that_is_needed(root: Path) -> None:
    folder = root / "usr/lib/chromium"
    icd = str(folder / "vk_swiftshader_icd.json")
    assert candidates({}, root) == [Vulkan(str(folder), icd, folder / LOADER)]


def test_the_systems_drivers_come_first(root: Path) -> None:
    manifests = root / "usr/share/vulkan/icd.d"
    manifests.mkdir(parents=True)
    (manifests / "nvidia_icd.json").touch()
    assert [one.source for one in candidates({}, root)] == [
        "the system",
        str(root / "usr/lib/chromium"),
    ]


@pytest.mark.parametrize("name", ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"])
def test_what_the_user_names_stands_alone(root: Path, name: str) -> None:
    [found] = candidates({name: "/mine.json"}, root)
    assert (found.source, found.drivers) == (name, "/mine.json")


def test_without_a_loader_there_is_nothing(root: Path) -> None:
    (root / "usr/lib/chromium" / LOADER).unlink()
    assert candidates({}, root) == []


def test_elsewhere_no_vulkan_is_needed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert candidates({}, root) == [Vulkan("the system")]


def test_the_environment_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_DRIVER_FILES", "/other.json")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/before")
    loader = tmp_path / "elsewhere" / LOADER
    loader.parent.mkdir()
    loader.touch()
    folder = tmp_path / "job"
    folder.mkdir()
    found = vulkan.Vulkan("a test", "/mine.json", loader).environment(folder)
    assert found["VK_ICD_FILENAMES"] == "/mine.json"
    assert "VK_DRIVER_FILES" not in found
    assert found["LD_LIBRARY_PATH"] == f"{folder}:/before"
    assert (folder / LOADER).resolve() == loader
