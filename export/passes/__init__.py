"""Rewrites of the ONNX graph that serve every target, one per file."""
