"""What executes a file on a device: one file per program, all with the interface of `base.py`."""
