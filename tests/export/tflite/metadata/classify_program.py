"""`classify_program.py PACKAGES PICTURES.npy FILE...`: MediaPipe's best classes, as JSON."""

import json
import sys
import types
from collections.abc import Iterator

packages, pictures, *files = sys.argv[1:]
sys.path.append(packages)
# It imports these to draw, which nobody does here.
for name in ("cv2", "matplotlib", "matplotlib.pyplot"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]

# ruff: noqa: E402 (the packages are found only now)
import mediapipe
import numpy as np
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions

_BEST = 3


def best(file: str) -> list[list[tuple[int, float, str]]] | str:
    try:
        return list(classified(file))
    except (RuntimeError, ValueError, OSError) as error:
        return str(error)


def classified(file: str) -> Iterator[list[tuple[int, float, str]]]:
    options = ImageClassifierOptions(BaseOptions(model_asset_path=file), max_results=_BEST)
    with ImageClassifier.create_from_options(options) as classifier:
        for picture in np.load(pictures):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            [head] = classifier.classify(image).classifications
            yield [(one.index, one.score, one.category_name) for one in head.categories]


print(json.dumps({file: best(file) for file in files}))
