"""Trained weights: what ships with the package, what publishers offer, and how they are loaded."""
