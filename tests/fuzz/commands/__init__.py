"""Hostile files through the real commands: each is refused in words, or becomes a right file."""
