"""The SQLite file that keeps every session that was measured."""
