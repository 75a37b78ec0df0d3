"""The networks in PyTorch: one family per file, and the blocks that several of them use."""
