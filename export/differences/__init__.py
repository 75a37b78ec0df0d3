"""What changed between two exports or bundles, as the team asks whose app takes the new one."""
