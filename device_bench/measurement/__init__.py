"""Measuring files on devices: checked outputs, interleaved rounds, heat, lost devices, warnings."""
