"""Everything that edgeship is made of, under one private name.

The folders `export`, `models` and `device_bench` have names that many projects use for folders of
their own. Python would import whichever comes first on its path. Here they are mounted as
subpackages, so that nothing a user has can take their place, and they take nobody's.
"""

import os

# ONNX Runtime 1.29 and newer tell Microsoft about the networks that they load (names, versions,
# hashes of weights), and keep an identifier of the computer. Networks here are their owners'
# business. It is read when ONNX Runtime starts, in the processes that ours start, too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
