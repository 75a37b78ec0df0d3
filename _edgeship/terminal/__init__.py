"""What all command lines share: the console, options, errors and Ctrl-C."""
