"""`doctor`: what is installed here, what is missing, and what it is needed for."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.resources import files
from typing import Annotated, Any

import typer

from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal.console import add_row, console, print_json, size, table

#: Package -> what it is needed for. What only a target needs is said by that target.
_SHARED = {
    "adbutils": "reaches phones",
    "jinja2": "writes the pages of `device_bench report` and of bundles",
    "matplotlib": "draws the plots of `device_bench report` and `zoo`",
    "numpy": "arrays everywhere",
    "onnx": "reads and writes .onnx files",
    "onnx-ir": "the graph while it is rewritten and lowered",
    "onnxruntime": "runs the ONNX graph, with which every file is compared",
    "onnxscript": "torch's ONNX exporter",
    "pillow": "reads calibration images",
    "psutil": "limits the memory of sweeps and of your functions",
    "pydantic": "manifest.json, and what devices report",
    "rich": "tables on the terminal",
    "safetensors": "reads .safetensors weights",
    "scipy": "statistics of measurements",
    "sqlalchemy": "keeps what the bench has measured",
    "torch": "builds the networks and captures them",
    "typer": "the command line",
}

_DESCRIBE = "_edgeship.export.delegates.describe"

# It loads each driver that is installed, which takes a second or two.
_DESCRIBED_WITHIN_S = 60

OPTIONAL = {
    "coreai-core": "--to coreai; Python 3.11 or newer: pip install 'edgeship[coreai]'",
    "openvino": "verify --runtime openvino",
    "py-minisign": "signs bundles, and checks their signatures: pip install 'edgeship[signing]'",
    "tensorflow": "verify --runtime tensorflow",
    "tflite-runtime": "verify --runtime tflite-runtime",
}


@dataclass(frozen=True)
class Package:
    """A Python package: version (None if it is missing), purpose, and whether it is needed."""

    name: str
    version: str | None
    purpose: str
    required: bool


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is installed here, what is missing, and what each missing thing is for."""
    report = examine()
    if as_json:
        print_json(report)
    else:
        _show(report)
    if report["missing"] or not report["calibration_images"]:
        raise typer.Exit(2)


def required() -> dict[str, str]:
    """Return every required package, those of all targets included -> what it is needed for."""
    found = dict(_SHARED)
    if sys.version_info < (3, 11):
        found["tomli"] = "reads sweep files"
    for target in TARGETS.values():
        found |= target.packages
    return dict(sorted(found.items()))


def examine() -> dict[str, Any]:
    """Return the findings as plain values, without importing anything heavy."""
    packages = [
        Package(name, _version(name), purpose, required)
        for purposes, required in ((required(), True), (OPTIONAL, False))
        for name, purpose in purposes.items()
    ]
    missing = [p.name for p in packages if p.required and p.version is None]
    return {
        "edgeship": _version("edgeship"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "free_disk_bytes": shutil.disk_usage(".").free,
        "calibration_images": _shipped_images(),
        "packages": [asdict(package) for package in packages],
        "gpu": _gpu(),
        "browser": _browser(),
        "missing": missing,
        "install": f"pip install {' '.join(missing)}" if missing else None,
    }


def _gpu() -> dict[str, Any]:
    """Return what `verify --runtime gpu` runs on here, or what is missing for it."""
    try:
        process = subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, "-m", _DESCRIBE],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DESCRIBED_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        return {
            "device": None,
            "missing": f"the Vulkan driver did not answer within {_DESCRIBED_WITHIN_S} s",
            "install": "choose another driver with VK_ICD_FILENAMES",
        }
    if process.returncode != 0:
        # A package that it needs is missing, which the table says, too.
        return {
            "device": None,
            "missing": process.stderr.strip().rpartition("\n")[2],
            "install": "install what is missing below",
        }
    found: dict[str, Any] = json.loads(process.stdout)
    return found


def _browser() -> dict[str, Any]:
    """Return what `verify --runtime browser` runs in here, or what is missing for it."""
    from _edgeship.export.runtimes.browser_parts import cached_litertjs, find_browser, missing

    problem = missing()
    if problem is not None:
        return {"program": None, "missing": problem.what, "install": problem.todo}
    fetched = cached_litertjs().is_dir()
    return {"program": find_browser(), "fetched": fetched, "missing": None, "install": None}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _shipped_images() -> int:
    folder = files("_edgeship.export.calibration") / "images"
    if not folder.is_dir():
        return 0
    return sum(entry.name.endswith(".jpg") for entry in folder.iterdir())


def _show(report: dict[str, Any]) -> None:
    output = console()
    machine = table("", "")
    add_row(machine, "edgeship", report["edgeship"] or "a checkout that is not installed")
    add_row(machine, "Python", report["python"])
    add_row(machine, "platform", report["platform"])
    add_row(machine, "CPUs", str(report["cpus"]))
    add_row(machine, "free disk here", size(report["free_disk_bytes"]))
    gpu = report["gpu"]
    missing = (
        f"none that verify --runtime gpu can use: {gpu['missing']}; to get one, {gpu['install']}"
    )
    add_row(machine, "GPU accelerator", gpu["in_words"] if gpu["device"] else missing)
    add_row(machine, "browser", _browser_in_words(report["browser"]))
    add_row(machine, "calibration images", f"{report['calibration_images']} shipped")
    machine.show_header = False
    packages = table("package", "version", "for")
    for package in report["packages"]:
        absent = "MISSING" if package["required"] else "not installed (optional)"
        add_row(packages, package["name"], package["version"] or absent, package["purpose"])
    output.print(machine)
    output.print()
    output.print(packages)
    output.print()
    output.print(_verdict(report))


def _browser_in_words(found: dict[str, Any]) -> str:
    if found["missing"]:
        return f"verify --runtime browser cannot run: {found['missing']} Do: {found['install']}"
    later = "" if found["fetched"] else "; npm fetches LiteRT.js (12 MB) the first time"
    return f"{found['program']}{later}"


def _verdict(report: dict[str, Any]) -> str:
    if report["missing"]:
        return f"{len(report['missing'])} required packages are missing: {report['install']}"
    if not report["calibration_images"]:
        return "The calibration images are missing: install edgeship again."
    return "Everything that an export needs is here."
