"""What the functions of the API return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _edgeship.export.checks.results import RuntimeResult
from _edgeship.export.verification.parity import Parity

if TYPE_CHECKING:
    from _edgeship.export.contract.manifest import Manifest


@dataclass(frozen=True)
class Stage:
    """One stage of an export.

    Attributes:
        name: For people, such as ``simplify`` or ``TFLite int8``.
        detail: What it did.
        seconds: Wall time.
        parity: How its outputs compare with the network's, where they were compared.
        warning: What the user should know about it, or "".
    """

    name: str
    detail: str
    seconds: float
    parity: Parity | None
    warning: str


@dataclass(frozen=True)
class ExportedFile:
    """One file, or one package, which is a folder.

    Attributes:
        path: Where it is.
        target: ``tflite``, ``coreml``, ``coreai`` or ``onnx``.
        scheme: The quantization scheme, such as ``int8``.
        size: Bytes; of a package, of all files in it.
        sha256: Digest, as in the manifest.
        parity: How its outputs compare with the network's.
    """

    path: Path
    target: str
    scheme: str
    size: int
    sha256: str
    parity: Parity


@dataclass(frozen=True)
class Result:
    """What an export did and wrote.

    Attributes:
        folder: Where everything was written.
        files: The verified files, target by target, schemes in the order they were asked for.
        manifest_path: ``manifest.json``, which describes them.
        onnx_path: The rewritten ONNX graph that the files were made from.
        manifest: The content of ``manifest.json``, as an object.
        stages: What was done, in order.
        notes: Remarks for the user.
        untrained: Whether the weights are random, so that predictions mean nothing.
    """

    folder: Path
    files: tuple[ExportedFile, ...]
    manifest_path: Path
    onnx_path: Path
    manifest: Manifest
    stages: tuple[Stage, ...]
    notes: tuple[str, ...]
    untrained: bool

    def file(self, target: str, scheme: str) -> ExportedFile:
        """Return the file of a target and a scheme.

        Raises:
            KeyError: It was not asked for.
        """
        for one in self.files:
            if (one.target, one.scheme) == (target, scheme):
                return one
        raise KeyError(f"no {target} file with the scheme {scheme} was exported")


@dataclass(frozen=True)
class Verification:
    """How a file compares with the graph that it was made from.

    Attributes:
        path: The file.
        ok: Whether every runtime ran it, within tolerance where there is one.
        reference: What it was compared with, or None where nothing was compared.
        tolerance: The kind of tolerance that was applied, such as ``int8``, or None.
        samples: How many samples were run.
        source: Where they came from.
        runtimes: One result each.
        notes: What a reader must know to judge the result.
    """

    path: Path
    ok: bool
    reference: str | None
    tolerance: str | None
    samples: int
    source: str
    runtimes: tuple[RuntimeResult, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """What a file holds.

    Attributes:
        path: The file.
        facts: Inputs, outputs, operators, weights and quantization, as plain values: what
            ``edgeship export inspect --json`` prints.
        manifest: The manifest beside the file, if it lists the file.
        unchanged: Whether the file still is the one that the manifest was written for; None
            without a manifest.
    """

    path: Path
    facts: Mapping[str, Any]
    manifest: Manifest | None
    unchanged: bool | None


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written.

    Attributes:
        folder: The bundle.
        archive: The same as a zip file.
        files: Path in it -> how many bytes it has.
        warnings: What whoever passes it on should know.
    """

    folder: Path
    archive: Path
    files: Mapping[str, int]
    warnings: tuple[str, ...]
