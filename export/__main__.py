"""Entry point of `python -m export`."""

from export.entry import start

if __name__ == "__main__":
    start("export.cli")
