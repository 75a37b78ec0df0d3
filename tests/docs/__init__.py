"""The manual: its pages agree with the programs, and its examples run."""
