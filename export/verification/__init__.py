"""The same inputs through PyTorch, ONNX and the written file, and how far the outputs differ."""
