"""The commands of `python -m models`, and the tables and JSON that they print."""
