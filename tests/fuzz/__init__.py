"""Damaged files and random graphs: each is refused in words, or becomes a right file."""
