"""What the stages and the targets agree on: requests, schemes, targets, files, the manifest."""
