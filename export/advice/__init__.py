"""What a network's layers say about its speed, without a device: `python -m export advise`."""
