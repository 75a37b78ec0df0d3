"""Tests of what stages and targets agree on."""
