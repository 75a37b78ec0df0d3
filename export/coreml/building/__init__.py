"""An ML program under construction: its variables, by ONNX value, and its inputs and outputs."""
