"""Finding a Vulkan driver for the GPU accelerator: a real one, or a program on the CPU."""

from __future__ import annotations

import ctypes.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOADER = "libvulkan.so.1"

#: Variables by which a user names drivers; the second is the newer name of the first.
_CHOICES = ("VK_ICD_FILENAMES", "VK_DRIVER_FILES")

#: Where Linux keeps the files that name its drivers.
_MANIFESTS = ("/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")

#: Browsers that bring a loader and SwiftShader, a driver that is a program.
_BROWSERS = ("/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome")
_SWIFTSHADER = "vk_swiftshader_icd.json"

HOW_TO_GET = (
    "install a driver for the GPU, or a software one: Debian's package chromium brings "
    "SwiftShader, mesa-vulkan-drivers (25 or newer) brings lavapipe, which also has float16"
)


@dataclass(frozen=True)
class Vulkan:
    """Where a process finds a driver.

    Attributes:
        source: In words.
        drivers: What to put into ``VK_ICD_FILENAMES``; "" to leave the choice to the loader.
        loader: The loader's file; None if the system finds it by name.
    """

    source: str
    drivers: str = ""
    loader: Path | None = None

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of a process that is to use it.

        Args:
            folder: Where a link to the loader may be put, so that no other library of the
                loader's folder takes the place of the system's.
        """
        found = dict(os.environ)
        if self.drivers:
            for name in _CHOICES:
                found.pop(name, None)
            found["VK_ICD_FILENAMES"] = self.drivers
        if self.loader is not None:
            (folder / LOADER).symlink_to(self.loader)
            found["LD_LIBRARY_PATH"] = os.pathsep.join(
                filter(None, (str(folder), found.get("LD_LIBRARY_PATH")))
            )
        return found


def candidates(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> list[Vulkan]:
    """Return where drivers may be found, the best first; empty if there are none.

    What the user names stands alone. Elsewhere than on Linux, the accelerator needs no Vulkan.

    Args:
        environment: The variables of this process.
        root: Where the file system begins.
    """
    if not sys.platform.startswith("linux"):
        return [Vulkan("the system")]
    browsers = [
        folder
        for name in _BROWSERS
        if (folder := root / name.lstrip("/")) and (folder / LOADER).is_file()
    ]
    loader = None
    if ctypes.util.find_library("vulkan") is None:
        loader = browsers[0] / LOADER if browsers else None
        if loader is None and "LD_LIBRARY_PATH" not in environment:
            return []
    for name in _CHOICES:
        if environment.get(name):
            return [Vulkan(name, environment[name], loader)]
    found = []
    if any(any((root / folder.lstrip("/")).glob("*.json")) for folder in _MANIFESTS):
        found.append(Vulkan("the system", "", loader))
    found += [
        Vulkan(str(folder), str(folder / _SWIFTSHADER), loader or folder / LOADER)
        for folder in browsers
        if (folder / _SWIFTSHADER).is_file()
    ]
    return found
