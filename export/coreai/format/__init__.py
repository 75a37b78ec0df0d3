"""The .aimodel folder, and the package that reads and writes it."""
