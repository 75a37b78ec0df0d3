"""ONNX's own backend cases and networks, through every target."""
