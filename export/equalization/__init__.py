"""Channels of one tensor brought to ranges of one size, in ONNX graphs."""
