"""Entry point of `python -m export`."""

from _edgeship.terminal.entry import start

if __name__ == "__main__":
    start("_edgeship.export.commands.cli")
