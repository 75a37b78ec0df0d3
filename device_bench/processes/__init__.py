"""Programs that run to their end: on this computer, and what a device must offer to run them."""
