"""Which cases each target is expected to refuse, and why."""
