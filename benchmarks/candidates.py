"""The files of a network that `instructions.py` and `latency.py` compare."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from floor import Floor, floor_of

from _edgeship.errors import InputError
from _edgeship.export import passes
from _edgeship.export.calibration.input_spec import input_specs
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import load_samples
from _edgeship.export.contract.request import Request
from _edgeship.export.network.source import load_network
from _edgeship.export.passes.absorb_permutations import absorb_permutations
from _edgeship.export.pipeline import export
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.export.tflite.writer import to_bytes, to_model

#: What is measured unless other names are given.
NETWORKS = (
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v1_g3_x1_0",
    "mobilenet_v2",
    "rexnet_x1_0",
    "effnet",
    "se_resnet_50",
    "shufflenet_v2_3d_x1_0",
)

#: What `--schemes` takes -> the export's word for it.
SCHEME_WORDS = {scheme.suffix: scheme.name for scheme in SCHEMES.values()}

#: Rewrites that remove movement; the plain lowering goes without them.
MOVERS = frozenset({absorb_permutations})


@dataclass(frozen=True)
class Plain:
    """A network lowered to float32 NHWC operators, every channel moved where the network does.

    Attributes:
        data: The file.
        io: Its inputs and outputs.
        samples: For calibration.
    """

    data: bytes
    io: FileIO
    samples: Sequence[Sample]

    def write(self, scheme: str) -> bytes:
        """Return the file in a scheme."""
        ranges = activation_ranges(self.data, self.samples, self.io) if scheme == "int8" else None
        return quantize(self.data, scheme, ranges)

    @cached_property
    def floor(self) -> Floor:
        """The same without any movement."""
        return floor_of(self.data)


def plain(name: str) -> Plain:
    """Return a network of the registry, lowered without the rewrites that remove movement."""
    network = load_network(name)
    graph = simplify(network.definition.capture(network.shapes))
    every = passes.PASSES
    passes.PASSES = tuple(function for function in every if function not in MOVERS)
    try:
        graph, _ = passes.rewrite(graph)
    finally:
        passes.PASSES = every
    graph, _ = fold_frames(graph)
    lowered = lower(graph)
    preprocess = network.preprocess or Preprocess((0.5,) * 3, (0.5,) * 3)
    samples = load_samples(None, input_specs(graph), preprocess, limit=8).arrays
    return Plain(to_bytes(to_model(lowered.graph, lowered.io, name)), lowered.io, samples)


def ours(name: str, schemes: Sequence[str]) -> dict[str, bytes]:
    """Return what the export writes: scheme -> file."""
    with tempfile.TemporaryDirectory() as folder:
        export(Request(name, schemes=tuple(schemes), out=Path(folder) / "out"))
        return {scheme: _written(Path(folder), SCHEMES[scheme].suffix) for scheme in schemes}


def _written(folder: Path, suffix: str) -> bytes:
    [file] = folder.glob(f"out/*_{suffix}.tflite")
    return file.read_bytes()


def peers_of(name: str, word: str, files: Sequence[Path]) -> dict[str, bytes]:
    """Return the files named NETWORK_SCHEME_PEER.tflite of one network and scheme: PEER -> file."""
    start = f"{name}_{word}_"
    return {
        path.stem.removeprefix(start): path.read_bytes()
        for path in files
        if path.stem.startswith(start)
    }


def peer_files(words: str, networks: Sequence[str]) -> list[Path]:
    """Return the files that a list such as "A.tflite,B.tflite" names.

    Raises:
        InputError: One is not there, or is named after none of the networks and schemes.
    """
    files = [Path(word) for word in words.split(",") if word]
    for path in files:
        known = any(
            path.stem.startswith(f"{name}_{word}_") for name in networks for word in SCHEME_WORDS
        )
        if not known or not path.is_file():
            raise InputError(
                "This is no file to compare with.",
                where=str(path),
                why="it is named after none of the networks"
                if path.is_file()
                else "it is not there",
                todo="name it NETWORK_SCHEME_PEER.tflite, as in mobilenet_v2_int8_onnx2tf.tflite",
            )
    return files


def schemes_of(words: str) -> list[str]:
    """Return the schemes that a list such as "fp32,int8" names.

    Raises:
        InputError: One of them is none.
    """
    for word in words.split(","):
        if word not in SCHEME_WORDS:
            raise InputError(
                f"There is no scheme '{word}'.", todo=f"choose from {', '.join(SCHEME_WORDS)}"
            )
    return [SCHEME_WORDS[word] for word in words.split(",")]
