"""Measuring how fast files are on the devices that will run them."""
