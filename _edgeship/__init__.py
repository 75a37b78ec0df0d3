"""Everything that edgeship is made of, under one private name.

The folders `export`, `models` and `device_bench` have names that many projects use for folders of
their own. Python would import whichever comes first on its path. Here they are mounted as
subpackages, so that nothing a user has can take their place, and they take nobody's.
"""
