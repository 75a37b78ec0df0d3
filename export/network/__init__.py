"""From what the user names to a network that can be captured as a graph and run."""
