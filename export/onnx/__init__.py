"""Files for ONNX Runtime on phones, made from the rewritten graph."""
