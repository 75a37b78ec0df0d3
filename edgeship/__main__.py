"""Entry point of `python -m edgeship`."""

from _edgeship.terminal.entry import start

if __name__ == "__main__":
    start("edgeship.cli")
