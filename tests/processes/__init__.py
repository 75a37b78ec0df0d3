"""Commands that are killed, interrupted, run at the same time, or meet full and read-only disks."""
