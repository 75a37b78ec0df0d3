"""Runs a network as PyTorch, as ONNX or as a .tflite file, with whichever runtime is asked for."""
