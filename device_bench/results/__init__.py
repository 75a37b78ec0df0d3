"""What was measured: records, and the figures, series and rows made from them."""
