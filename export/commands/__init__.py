"""The commands of `python -m export`, one file each; heavy imports wait until a command runs."""
