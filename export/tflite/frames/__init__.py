"""How each ONNX operator on clips is done on frames; importing fills the table."""

from _edgeship.export.tflite.frames import channels, convolution, elementwise, pooling, reshaping
from _edgeship.export.tflite.frames.folding import REWRITES

__all__ = ["REWRITES", "channels", "convolution", "elementwise", "pooling", "reshaping"]
