"""Many exports from one file: networks by targets by schemes by options, each export once."""
