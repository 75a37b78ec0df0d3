"""Running .aimodel folders with Apple's runtime, which works on Linux, too."""
