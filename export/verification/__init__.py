"""How far the outputs of a stage are from the network's, and whether that is tolerable."""
