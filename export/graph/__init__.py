"""What stages ask of ONNX graphs: shapes, constants, costs, batch norms; and disjoint sets."""
