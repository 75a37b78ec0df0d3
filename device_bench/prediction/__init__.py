"""How long a network will take on a device: a rule for each layer's time, from measurements."""
