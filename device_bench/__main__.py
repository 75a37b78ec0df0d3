"""Entry point of `python -m device_bench`."""

from export.entry import start

if __name__ == "__main__":
    start("device_bench.cli")
