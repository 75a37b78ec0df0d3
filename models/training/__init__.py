"""A small recipe that trains a classifier of the registry on folders of pictures."""
