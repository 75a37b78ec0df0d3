"""How to reach a device: one file per way, all with the interface of `processes/base.py`."""
