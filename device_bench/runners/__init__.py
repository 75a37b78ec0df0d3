"""What executes a file on a device: one module per program, all with the interface of `base.py`."""
