"""Entry point of `python -m device_bench`."""

from _edgeship.terminal.entry import start

if __name__ == "__main__":
    start("_edgeship.device_bench.commands.cli")
