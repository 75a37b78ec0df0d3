"""Opening written files, and checking them against the graph that they were made from."""
