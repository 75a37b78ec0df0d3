"""Detectors: finding boxes and scores that are joined in one output, and taking them apart."""
