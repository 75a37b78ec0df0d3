"""What an export prints: its stages, warnings and files, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from _edgeship.export.commands.delegate_view import delegates
from _edgeship.export.contract.manifest import Artifact, Manifest, Port
from _edgeship.export.contract.stage_log import StageResult
from _edgeship.export.pipeline import TARGETS, Result
from _edgeship.export.verification.parity import Parity, PartParity
from _edgeship.terminal.console import add_row, printable, size, table


def render(result: Result) -> Group:
    """Lay out the result of an export.

    Args:
        result: What was done and written.

    Returns:
        Something ``rich`` prints. Names are shown as they are, not as markup.
    """
    manifest = result.manifest
    parts: list[RenderableType] = [Text(), _stages(result.stages), Text()]
    if manifest.weights["untrained"]:
        parts.append(_untrained())
    parts += [Text(f"note: {printable(note)}") for note in result.notes]
    parts += [Text(), _files(result), Text(), *delegates(manifest), _feeding(manifest), Text()]
    return Group(*parts)


def render_more(result: Result) -> Group:
    """Lay out what only who asks for it reads: all figures of each comparison, and versions."""
    figures = table("stage", "max abs error", "max rel error", "SQNR", "top-1 agreement")
    for stage in result.stages:
        if (parity := stage.parity) is not None:
            top1 = "" if parity.top1_agreement is None else f"{parity.top1_agreement:.1%}"
            add_row(figures, stage.stage, *_figures(parity), top1)
            for part in parity.parts if parity.part else ():
                add_row(figures, f"  {part.name}", *_figures(part), "")
    versions = ", ".join(f"{name} {text}" for name, text in result.manifest.versions.items())
    return Group(figures, Text(), Text(f"versions: {versions}"), Text())


def _figures(one: Parity | PartParity) -> tuple[str, str, str]:
    return f"{one.max_abs:.3e}", f"{one.max_rel:.3e}", f"{one.sqnr_db:.1f} dB"


def _stages(stages: tuple[StageResult, ...]) -> Table:
    shown = table("stage", "what it did", "seconds", "parity", numbers=("seconds",))
    for stage in stages:
        add_row(shown, stage.stage, stage.detail, f"{stage.seconds:.2f}", _parity(stage))
    return shown


def _parity(stage: StageResult) -> str:
    """Return the figures that matter: the largest error, or the noise of a quantized file."""
    parity = stage.parity
    if parity is None:
        return ""
    if not stage.noise:
        return f"max rel error {parity.max_rel:.1e}"
    top1 = parity.top1_agreement
    where = f" ({parity.part})" if parity.part else ""
    agreement = "" if top1 is None else f", top-1 agreement {top1:.0%}"
    return f"SQNR {parity.sqnr_db:.1f} dB{where}{agreement}"


def _untrained() -> Text:
    return Text(
        "WARNING: the weights are UNTRAINED (random). The files are right for measuring speed "
        "and size; what they predict means nothing, and their top classes are near-ties, so "
        "top-1 agreement says little. Give trained weights with --weights FILE.",
        style="bold yellow",
    )


def _files(result: Result) -> Table:
    """Show sizes beside the type of the arithmetic, since neither follows from the other."""
    artifacts = {artifact.file: artifact for artifact in result.manifest.artifacts}
    picking = {one.picking.file: one.picking for one in artifacts.values() if one.picking}
    peaks = any(artifact.peak_activation_bytes is not None for artifact in artifacts.values())
    columns = ("written", "size", "weights", "computes in", *(["activations"] if peaks else []))
    shown = table(*columns, numbers=("size", "activations"))
    for file in result.files:
        if found := artifacts.get(file.name):
            row = [size(found.size), found.weights, found.compute]
            if found.peak_activation_bytes is not None:
                row.append(size(found.peak_activation_bytes))
        elif one := picking.get(file.name):
            row = [size(one.size)]
        else:
            row = [size(file.stat().st_size)]
        add_row(shown, str(file), *row)
    return shown


def _feeding(manifest: Manifest) -> Table:
    """Show what an application feeds each file and gets back."""
    shown = table("scheme", "", "name", "type", "shape", "axes", "scale", "zero point")
    several = len({artifact.target for artifact in manifest.artifacts}) > 1
    for artifact in manifest.artifacts:
        scheme = artifact.scheme
        if several:
            scheme = f"{scheme} ({TARGETS[artifact.target].title})"
        for side, ports in (("input", artifact.inputs), ("output", artifact.outputs)):
            for port in ports:
                add_row(shown, scheme, side, *_port(port))
                scheme = ""
    return shown


def _port(port: Port) -> tuple[str, ...]:
    scale = "" if port.scale is None else f"{port.scale:.6g}"
    zero_point = "" if port.zero_point is None else str(port.zero_point)
    return port.name, port.dtype, "x".join(map(str, port.shape)), port.layout, scale, zero_point


def next_steps(result: Result) -> str:
    """Return the commands to go on with, one per line, ready to copy."""
    manifest = result.files[-1]
    lines = ["next:"]
    last = {artifact.target: artifact for artifact in result.manifest.artifacts}
    for target, artifact in last.items():
        file = shlex.quote(str(manifest.parent / artifact.file))
        lines += [f"  python -m export inspect {file}", f"  python -m export verify {file}"]
        lines += [f"  {step}" for step in TARGETS[target].next_steps(file)]
    return printable("\n".join([*lines, *_pictures(list(last.values()), manifest)]))


def _pictures(artifacts: Sequence[Artifact], manifest: Path) -> list[str]:
    """Say how a picture must be prepared before it is fed to these files."""
    bytes_of = any(port.colors for artifact in artifacts for port in artifact.inputs)
    package = any(port.dtype == "image" for artifact in artifacts for port in artifact.inputs)
    lines = []
    if len(artifacts) > bytes_of + package:
        lines.append(f"  how an image must be prepared: preprocess in {manifest}")
    if bytes_of:
        colors = next(one.colors for each in artifacts for one in each.inputs if one.colors)
        lines.append(
            f"  the .tflite files take the bytes of pictures, 0 to 255, {colors}, and normalise "
            f"them; how to resize and crop them: preprocess in {manifest}"
        )
    if package:
        lines.append(
            "  the package normalises pictures itself; how to resize and crop them: "
            f"preprocess in {manifest}"
        )
    return lines
