"""Studies made of measurements: the tables of the guidelines, the zoo, and times of layers."""
