"""What delegates take of a .tflite file, and the GPU accelerator in a process of its own."""
