"""Small networks with the structure of published ones, all sent through the targets."""
