"""Top-1 of .tflite files on the GPU accelerator, beside the CPU on the same pictures.

Run: python benchmarks/gpu_accuracy.py cifar10.zip FILE.tflite ... [--pictures N]

The files are as `python -m export MODEL --weights cifar10 --quant none,fp16,int8` writes them, with
their manifest. Each runs on the accelerator in one process for all pictures, in float32; a software
driver took 0.1 s of one core for a picture of 32 x 32.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.calibration.preprocess import normalize, read_pixels
from _edgeship.export.delegates.accelerator import find_accelerator
from _edgeship.export.delegates.query import Query
from _edgeship.export.evaluation.candidates import Asked, Candidate, load_candidate
from _edgeship.export.evaluation.data import Picture, open_data
from _edgeship.export.runtimes.affine import dequantize
from _edgeship.export.runtimes.interpreters import open_interpreter

LIMIT_S = 3600


def arrays_of(candidate: Candidate, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
    """Return each picture as the network takes it, (1, C, H, W)."""
    found = []
    for picture in pictures:
        with picture.open() as stream:
            pixels = read_pixels(
                stream,
                candidate.size,
                candidate.picture[0],
                candidate.preprocess.crop,
                name=picture.name,
            )
        found.append(candidate.spec.placed(normalize(pixels, candidate.preprocess))[None])
    return found


def on_cpu(candidate: Candidate, arrays: Sequence[NDArray[np.float32]]) -> list[int]:
    """Return the class of each picture by LiteRT's kernels for the CPU."""
    return [int(scores.argmax()) for scores, *_ in candidate.open(None)(arrays)]


def on_gpu(path: Path, arrays: Sequence[NDArray[np.float32]]) -> list[int]:
    """Return the class of each picture by the GPU accelerator, which runs the whole file.

    Raises:
        VerificationError: It refuses the file, or ends.
    """
    data = path.read_bytes()
    interpreter = open_interpreter(data)
    [feed], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    feeds = [[np.ascontiguousarray(array.transpose(0, 2, 3, 1))] for array in arrays]
    shape = tuple(map(int, result["shape"]))
    query = Query(data, feeds, [feed["name"]], [result["name"]], [shape])
    [answer] = find_accelerator().ask([query], limit_s=LIMIT_S)
    if answer.problem:
        raise VerificationError(f"{path.name} does not run on the GPU.", why=answer.problem)
    return [int(dequantize(scores, result).argmax()) for (scores,) in answer.outputs]


def row(path: Path, pictures: Sequence[Picture]) -> str:
    """Return a row of the Markdown table."""
    candidate = load_candidate(str(path), Asked())
    arrays = arrays_of(candidate, pictures)
    cpu, gpu = on_cpu(candidate, arrays), on_gpu(path, arrays)
    labels = [candidate.classes.index(picture.label) for picture in pictures]

    def percent(found: Sequence[int], wanted: Sequence[int]) -> str:
        return f"{100 * float(np.mean(np.equal(found, wanted))):.1f}"

    return (
        f"| {path.name} | {percent(cpu, labels)} | {percent(gpu, labels)} | {percent(cpu, gpu)} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=1000)
    arguments = parser.parse_args()
    with open_data(arguments.data, "test") as found:
        pictures = found.limited(arguments.pictures).pictures
        print(f"{len(pictures)} pictures; GPU: {find_accelerator().in_words}\n")
        print("| file | CPU | GPU | same class |\n|---|--:|--:|--:|")
        for path in arguments.files:
            print(row(path, pictures), flush=True)


if __name__ == "__main__":
    main()
