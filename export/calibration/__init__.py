"""What a network is fed while its activation ranges are measured."""
