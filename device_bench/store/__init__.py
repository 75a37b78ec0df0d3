"""The file or database that keeps every session that was measured."""
