"""Code that runs a file on a phone or a computer, made from the manifest alone."""
