"""An ML program as plain values: its operators, types and constants, and the file of weights."""
