"""Entry point of `python -m models`."""

from _edgeship.terminal.entry import start

if __name__ == "__main__":
    start("_edgeship.models.commands.cli")
