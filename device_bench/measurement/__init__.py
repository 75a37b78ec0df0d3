"""From a plan of files and rounds to samples that can be trusted."""
