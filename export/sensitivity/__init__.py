"""Which layers of a network lose the most when they are rounded to 8 bits."""
