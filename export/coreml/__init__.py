"""The Core ML target: ONNX to an ML program in an .mlpackage, and an evaluator that judges it."""
