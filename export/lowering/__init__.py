"""What the lowerings of all targets share: reading ONNX nodes and their constants."""
