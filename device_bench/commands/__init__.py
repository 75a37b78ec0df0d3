"""One file per sub-command of `python -m device_bench`."""
