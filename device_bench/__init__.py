"""Measuring files on devices. Nothing is here yet: this version exports and verifies only."""
