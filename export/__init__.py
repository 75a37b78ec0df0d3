"""The compiler: a PyTorch or ONNX network in, verified files for phones out."""
