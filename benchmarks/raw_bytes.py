"""What .tflite files make of the bytes of pictures, fed as an app feeds them.

Run: python benchmarks/raw_bytes.py DATA NETWORK WEIGHTS FILE.tflite ... [--pictures N]

Each file is opened by LiteRT's interpreter alone, and gets the bytes of pictures as they are,
(1, H, W, C) and red first; nothing is read from a manifest. The classes are compared with those of
the network in PyTorch, which gets the same pictures as it was trained on them. DATA is as for
`python -m export evaluate`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from _edgeship.export.calibration.preprocess import normalize, read_pixels
from _edgeship.export.evaluation.candidates import Asked, Candidate, load_candidate
from _edgeship.export.evaluation.data import open_data
from _edgeship.export.evaluation.statistics import share_of


def in_network(candidate: Candidate, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """Return the class that the network itself gives each picture (C, H, W)."""
    run = candidate.open(None)
    arrays = [normalize(each, candidate.preprocess)[None] for each in pixels]
    return np.array([int(scores.argmax()) for scores, *_ in run(arrays)])


def in_file(path: Path, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """Return the class that a file of uint8 input gives each."""
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    [feed], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for each in pixels:
        interpreter.set_tensor(feed["index"], np.ascontiguousarray(each.transpose(1, 2, 0))[None])
        interpreter.invoke()
        found.append(int(interpreter.get_tensor(result["index"]).argmax()))
    return np.array(found)


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("network")
    parser.add_argument("weights")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=None)
    arguments = parser.parse_args()
    candidate = load_candidate(arguments.network, Asked(weights=arguments.weights))
    channels, *size = candidate.picture
    with open_data(arguments.data, "test") as found:
        data = found if arguments.pictures is None else found.limited(arguments.pictures)
        pixels = []
        for picture in data.pictures:
            with picture.open() as stream:
                crop = candidate.preprocess.crop
                pixels.append(read_pixels(stream, (size[0], size[1]), channels, crop))
    wanted = in_network(candidate, pixels)
    print("| fed with bytes | same class as the network | 95 % interval |\n|---|--:|--:|")
    for path in arguments.files:
        same = int((in_file(path, pixels) == wanted).sum())
        share = share_of(same, len(pixels))
        print(
            f"| {path} | {100 * share.share:.2f} % | {100 * share.low:.2f} to "
            f"{100 * share.high:.2f} |"
        )


if __name__ == "__main__":
    main()
