"""ONNX operators as nodes of simpler ones, for targets that do not have them."""
