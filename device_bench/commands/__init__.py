"""The sub-commands of `python -m device_bench`, one file each, and what several of them share."""
