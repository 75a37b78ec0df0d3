"""coremltools, used quietly and without its slow checks, and .mlpackage folders as values."""
