"""Imported once by the process that workers are forked from, so that none has to begin anew.

What takes long is reading the valid models, and importing coremltools.
"""

import numpy as np

from _edgeship.export.coreml.format.library import coremltools
from tests.fuzz.files import mutated_file

coremltools()
with np.errstate(all="ignore"):
    mutated_file(0)
